from hypothesis import given
from hypothesis import strategies as st

from outlast.cosmos.bulk.write_progress import MAX_RANGES, numbers_in, ranges_of


@given(st.sets(st.integers(0, 60)))
def test_runs_are_the_numbers_they_were_made_of(numbers: set[int]) -> None:
    """Those from 0 on are counted, the others told as runs."""
    acknowledged, ahead = ranges_of(sorted(numbers))
    assert {*range(acknowledged), *numbers_in(ahead)} == numbers
    assert acknowledged not in numbers


def test_there_are_only_so_many_runs() -> None:
    """What is behind is forgotten, and sent again."""
    acknowledged, ahead = ranges_of(range(0, 1000, 2))
    assert (acknowledged, len(ahead), ahead[-1]) == (1, MAX_RANGES, (200, 201))
