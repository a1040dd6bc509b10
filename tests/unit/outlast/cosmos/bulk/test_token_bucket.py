import pytest

from outlast.cosmos.bulk.token_bucket import TokenBucket, lane_rate
from tests.fakes.clock import ManualClock
from tests.unit.outlast.cosmos.bulk.writing import Bench, make_lines


@pytest.mark.parametrize(
    ("ru_share", "lanes", "rate"), [(0.25, 1, 1000), (1, 8, 500), (600, 1, 600), (600, 4, 150), (1.5, 1, 1.5)]
)
def test_a_share_is_a_fraction_or_request_units(ru_share: float, lanes: int, rate: float) -> None:
    """Up to 1 a fraction of what is provisioned, beyond it RU/s; and each lane of the run has its part."""
    assert lane_rate(ru_share, 4000, lanes) == rate


def test_what_was_spent_is_waited_for() -> None:
    """At its rate, and what was not used is hardly saved."""
    clock = ManualClock()
    bucket = TokenBucket(100, clock)
    assert bucket.wait() == 0
    bucket.spend(50)
    assert bucket.wait() == 0.5
    clock.advance(0.5)
    assert bucket.wait() == 0
    clock.advance(100)
    bucket.wait()
    assert bucket.credit == 10


def test_writing_keeps_to_its_allowance() -> None:
    """A thousand documents of 5 RU at 500 RU/s take ten seconds."""
    bench = Bench()
    start = bench.clock()
    written = bench.write(make_lines(500, 500), bucket=TokenBucket(500, bench.clock))
    assert written.acknowledged == 1000
    assert bench.clock() - start == pytest.approx(10, rel=0.1)
