from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outlast.cosmos.bulk.bulk_write import ATTEMPTS
from outlast.cosmos.bulk.write_progress import Ranges, numbers_in
from outlast.errors import Transient
from tests.fakes.transport import Fault, lose, throttle
from tests.unit.outlast.cosmos.bulk.writing import Bench, ids_of, make_lines

FAULTS = st.sampled_from(
    [None, throttle(0.01), throttle(3), lose(applied=True), lose(applied=False), Fault(503), Fault(449), Fault(413)]
)
SCRIPTS = st.lists(FAULTS, max_size=12)
SHOPS = st.lists(st.integers(1, 40), min_size=1, max_size=4)
PLACES = st.sets(st.integers(0, 100), max_size=5)
SECONDS = st.sampled_from([0.5, 2.0, 5.0, 1000.0])


@settings(max_examples=150)
@given(SCRIPTS, SHOPS, PLACES, SECONDS)
def test_what_is_acknowledged_is_written_or_refused(
    script: Sequence[Fault | None], shops: Sequence[int], targets: set[int], seconds: float
) -> None:
    """Each document before `acknowledged` or in a range `ahead` is written or refused and not both.
    The totals are theirs, and only time or lost answers end the writing early."""
    bench, lines = Bench(), make_lines(*shops)
    bench.transport.poison = {ids_of(lines)[target]: 400 for target in targets if target < len(lines)}
    bench.transport.meet(script)
    try:
        written = bench.write(lines, seconds)
    except Transient:
        assert len([fault for fault in script if fault is not None and fault.status != 429]) >= ATTEMPTS
        return
    refused = ids_of([line for line, _ in written.refused])
    acknowledged = ids_of([*lines[: written.acknowledged], *(lines[number] for number in numbers_in(written.ahead))])
    assert bench.ids() | set(refused) >= set(acknowledged)
    assert not bench.ids().intersection(refused) or Fault(413) in script or lose(applied=True) in script
    assert len(refused) == len(set(refused))
    assert written.totals.documents + len(refused) == len(acknowledged)
    assert written.acknowledged == len(lines) or bench.clock() >= 1000 + seconds


@settings(max_examples=100)
@given(SCRIPTS, SHOPS, PLACES)
def test_called_again_from_where_it_stopped_it_forgets_nothing(
    script: Sequence[Fault | None], shops: Sequence[int], targets: set[int]
) -> None:
    """Calls of little time each, one after another as the activity makes them, settle every line just once."""
    bench, lines = Bench(), make_lines(*shops)
    script = [fault for fault in script if fault != Fault(413)]
    bench.transport.poison = {ids_of(lines)[target]: 400 for target in targets if target < len(lines)}
    bench.transport.meet(script)
    acknowledged, documents, refused = 0, 0, list[str]()
    ahead: Ranges = ()
    for _ in range(100):
        try:
            written = bench.write(lines[acknowledged:], seconds=1.0, ahead=ahead)
        except Transient:
            continue
        acknowledged, ahead = acknowledged + written.acknowledged, written.left()
        documents += written.totals.documents
        refused += ids_of([line for line, _ in written.refused])
        if acknowledged == len(lines):
            break
    assert (acknowledged, documents + len(refused)) == (len(lines), len(lines))
    assert sorted(refused) == sorted(bench.transport.poison)
    assert bench.ids() == set(ids_of(lines)) - set(refused)


@pytest.mark.parametrize("poison", [1, 30, 60])
def test_calls_of_two_requests_each_still_come_to_an_end(poison: int) -> None:
    """However many documents of a batch are refused, and however little time a slow database leaves each call."""
    bench, lines = Bench(), make_lines(60)
    bench.transport.poison = dict.fromkeys(ids_of(lines)[-poison:], 400)
    acknowledged, calls = 0, 0
    ahead: Ranges = ()
    while acknowledged < len(lines) and calls < 500:
        bench.transport.meet([None, None, throttle(60)])
        written = bench.write(lines[acknowledged:], seconds=30, ahead=ahead)
        acknowledged, ahead = acknowledged + written.acknowledged, written.left()
        calls += 1
    assert acknowledged == len(lines)
    assert calls <= 2 * poison + 1
