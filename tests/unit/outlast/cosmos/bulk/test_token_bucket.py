import pytest

from outlast.cosmos.bulk.token_bucket import TokenBucket, lane_rate
from tests.fakes.clock import ManualClock
from tests.unit.outlast.cosmos.bulk.writing import Bench, make_documents


@pytest.mark.parametrize(
    ("ru_share", "lanes", "rate"), [(0.25, 1, 1000), (1, 8, 500), (600, 1, 600), (600, 4, 150), (1.5, 1, 1.5)]
)
def test_the_rate_of_a_lane_is_its_part_of_the_ru_share(ru_share: float, lanes: int, rate: float) -> None:
    """A share up to 1 is a fraction of the provisioned RU/s, a larger one is RU/s, and lanes divide it equally."""
    assert lane_rate(ru_share, 4000, lanes) == rate


def test_an_overdrawn_bucket_waits_until_its_balance_is_zero() -> None:
    """An overdrawn bucket fills at its rate, and an idle one saves only a tenth of a second of it."""
    clock = ManualClock()
    bucket = TokenBucket(100, clock)
    assert bucket.wait() == 0
    bucket.spend(50)
    assert bucket.wait() == 0.5
    clock.advance(0.5)
    assert bucket.wait() == 0
    clock.advance(100)
    bucket.wait()
    assert bucket.balance == 10


def test_writing_keeps_to_its_token_bucket() -> None:
    """A thousand documents of 5 RU at 500 RU/s take ten seconds."""
    bench = Bench()
    start = bench.clock()
    progress = bench.write(make_documents(500, 500), bucket=TokenBucket(500, bench.clock))
    assert progress.acknowledged == 1000
    assert bench.clock() - start == pytest.approx(10, rel=0.1)


def test_a_call_makes_up_for_what_it_has_overdrawn() -> None:
    """A call that ends with a short wait sleeps for it, because the next call has a bucket of its own."""
    bench = Bench()
    progress = bench.write(make_documents(1), bucket=TokenBucket(10, bench.clock))
    assert (progress.acknowledged, progress.wait, bench.clock.slept) == (1, 0, [0.5])


@pytest.mark.parametrize(("rate", "seconds", "wait"), [(1, 1000, 5), (10, 0.4, 0.5)])
def test_what_a_call_cannot_make_up_for_is_left_to_the_lane(rate: float, seconds: float, wait: float) -> None:
    """A call that would have to sleep for more than two seconds, or beyond its deadline, returns the seconds."""
    bench = Bench()
    progress = bench.write(make_documents(1), seconds=seconds, bucket=TokenBucket(rate, bench.clock))
    assert (progress.acknowledged, progress.wait, bench.clock.slept) == (1, wait, [])
