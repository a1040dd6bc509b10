"""`bounded_gather` keeps order and bound, whatever ends first."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlast.bounded_gather import bounded_gather


@given(st.lists(st.integers(1, 5), max_size=20), st.integers(1, 6))
def test_results_are_in_the_order_of_the_items_and_the_bound_holds(turns: list[int], most: int) -> None:
    """However many turns each takes, results come in the items' order, and never are more than the bound at work."""
    at_work: set[int] = set()
    seen = [0]

    async def work(numbered: tuple[int, int]) -> int:
        number, taken = numbered
        at_work.add(number)
        seen.append(len(at_work))
        for _ in range(taken):
            await asyncio.sleep(0)
        at_work.remove(number)
        return number

    assert asyncio.run(bounded_gather(most, work, enumerate(turns))) == list(range(len(turns)))
    assert max(seen) == min(most, len(turns))


def test_the_first_error_is_raised() -> None:
    """An item whose work fails fails the whole."""

    async def work(number: int) -> int:
        return 1 // number

    with pytest.raises(ZeroDivisionError):
        asyncio.run(bounded_gather(2, work, [2, 1, 0]))
