from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outlast.cosmos.bulk.back_off import ATTEMPTS
from outlast.cosmos.bulk.write_progress import NumberRanges, numbers_in
from outlast.errors import Transient
from tests.fakes.transport import Fault, lose, throttle
from tests.unit.outlast.cosmos.bulk.writing import Bench, ids_of, make_documents

FAULTS = st.sampled_from(
    [None, throttle(0.01), throttle(3), lose(applied=True), lose(applied=False), Fault(503), Fault(449), Fault(413)]
)
SCRIPTS = st.lists(FAULTS, max_size=12)
SHOPS = st.lists(st.integers(1, 40), min_size=1, max_size=4)
POSITIONS = st.sets(st.integers(0, 100), max_size=5)
SECONDS = st.sampled_from([0.5, 2.0, 5.0, 1000.0])


@settings(max_examples=150)
@given(SCRIPTS, SHOPS, POSITIONS, SECONDS)
def test_what_is_acknowledged_is_written_or_refused(
    script: Sequence[Fault | None], shops: Sequence[int], positions: set[int], seconds: float
) -> None:
    """Each acknowledged document is in the database or refused under any faults, the totals count these documents, and
    only the deadline, a long wait or lost answers end the writing early."""
    bench, documents = Bench(), make_documents(*shops)
    bench.transport.poison = {ids_of(documents)[position]: 400 for position in positions if position < len(documents)}
    bench.transport.meet(script)
    try:
        progress = bench.write(documents, seconds)
    except Transient:
        assert len([fault for fault in script if fault is not None and fault.status != 429]) >= ATTEMPTS
        return
    refused = ids_of([document for document, _ in progress.refused])
    acknowledged = ids_of(
        [*documents[: progress.acknowledged], *(documents[number] for number in numbers_in(progress.ahead))]
    )
    assert bench.ids() | set(refused) >= set(acknowledged)
    assert not bench.ids().intersection(refused) or Fault(413) in script or lose(applied=True) in script
    assert len(refused) == len(set(refused))
    assert progress.totals.documents + len(refused) == len(acknowledged)
    stopped = progress.wait > 0 or progress.fault is not None or bench.clock() >= 1000 + seconds
    assert stopped or progress.acknowledged == len(documents)


@settings(max_examples=100)
@given(SCRIPTS, SHOPS, POSITIONS)
def test_called_again_from_where_it_stopped_it_forgets_nothing(
    script: Sequence[Fault | None], shops: Sequence[int], positions: set[int]
) -> None:
    """Short calls one after another acknowledge every document exactly once."""
    bench, documents = Bench(), make_documents(*shops)
    script = [fault for fault in script if fault != Fault(413)]
    bench.transport.poison = {ids_of(documents)[position]: 400 for position in positions if position < len(documents)}
    bench.transport.meet(script)
    acknowledged, stored, refused = 0, 0, list[str]()
    ahead: NumberRanges = ()
    for _ in range(100):
        try:
            progress = bench.write(documents[acknowledged:], seconds=1.0, ahead=ahead)
        except Transient:
            continue
        acknowledged, ahead = acknowledged + progress.acknowledged, progress.next_ahead()
        stored += progress.totals.documents
        refused += ids_of([document for document, _ in progress.refused])
        if acknowledged == len(documents):
            break
    assert (acknowledged, stored + len(refused)) == (len(documents), len(documents))
    assert sorted(refused) == sorted(bench.transport.poison)
    assert bench.ids() == set(ids_of(documents)) - set(refused)


@pytest.mark.parametrize("poison", [1, 30, 60])
def test_calls_of_two_requests_each_still_come_to_an_end(poison: int) -> None:
    """Calls that have time for two requests each end, however many documents of a batch are refused."""
    bench, documents = Bench(), make_documents(60)
    bench.transport.poison = dict.fromkeys(ids_of(documents)[-poison:], 400)
    acknowledged, calls = 0, 0
    ahead: NumberRanges = ()
    while acknowledged < len(documents) and calls < 500:
        bench.transport.meet([None, None, throttle(60)])
        progress = bench.write(documents[acknowledged:], seconds=30, ahead=ahead)
        acknowledged, ahead = acknowledged + progress.acknowledged, progress.next_ahead()
        calls += 1
    assert acknowledged == len(documents)
    assert calls <= 2 * poison + 1
