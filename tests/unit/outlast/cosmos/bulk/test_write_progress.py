from hypothesis import given
from hypothesis import strategies as st

from outlast.cosmos.bulk.transport import CREATED, REPLACED, Result
from outlast.cosmos.bulk.write_progress import MAX_RANGES, ProgressRecorder, numbers_in, ranges_of
from tests.unit.outlast.cosmos.bulk.writing import make_documents


@given(st.sets(st.integers(0, 60)))
def test_ranges_contain_the_numbers_they_were_made_of(numbers: set[int]) -> None:
    """Numbers from 0 on are counted, and all others are in the ranges."""
    acknowledged, ahead = ranges_of(sorted(numbers))
    assert {*range(acknowledged), *numbers_in(ahead)} == numbers
    assert acknowledged not in numbers


def test_there_are_at_most_max_ranges() -> None:
    """Numbers behind the last allowed range are left out."""
    acknowledged, ahead = ranges_of(range(0, 1000, 2))
    assert (acknowledged, len(ahead), ahead[-1]) == (1, MAX_RANGES, (200, 201))


def test_documents_acknowledged_before_are_not_pending() -> None:
    """Every document is pending but those that an earlier call has acknowledged."""
    documents = make_documents(5)
    assert list(ProgressRecorder(documents).pending()) == [0, 1, 2, 3, 4]
    assert list(ProgressRecorder(documents, [(1, 3)]).pending()) == [0, 3, 4]


def test_results_behind_the_last_range_are_not_counted() -> None:
    """A result that the cursor cannot hold is dropped, because the next call sends its document again."""
    documents = make_documents(2 * MAX_RANGES + 4)
    recorder = ProgressRecorder(documents)
    for number in range(0, len(documents), 2):
        recorder.acknowledge([number], [Result(CREATED)])
    progress = recorder.progress()
    assert (progress.acknowledged, len(progress.ahead), progress.totals.documents) == (1, MAX_RANGES, MAX_RANGES + 1)
    assert progress.unsure


def test_the_next_call_numbers_documents_from_the_first_that_is_not_acknowledged() -> None:
    """The ranges for the next call begin to count where this call's acknowledged documents end."""
    recorder = ProgressRecorder(make_documents(6))
    recorder.acknowledge([0, 1, 4], [Result(CREATED), Result(400), Result(REPLACED)])
    progress = recorder.progress()
    assert (progress.acknowledged, progress.ahead, progress.next_ahead()) == (2, ((4, 5),), ((2, 3),))
    assert (progress.totals.documents, progress.totals.replaced, len(progress.refused)) == (2, 1, 1)
