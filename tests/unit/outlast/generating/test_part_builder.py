import asyncio
from collections.abc import Callable

import pytest

from outlast.deadline import Deadline
from outlast.generating.part_builder import PartBuilder, PartCursor, Refusal
from outlast.generating.row_window import RowsLost, RowWindow, WindowData
from tests.fakes.clock import ManualClock
from tests.fakes.compute import InlineCompute
from tests.fakes.reports import REPORTS


async def reference() -> bytes:
    return b'{"factor": 1}'


def build(taking: Callable[[RowWindow], None]) -> tuple[PartBuilder, list[Refusal]]:
    """A part of three rows from number 2 on; `taking` is called before each slice."""
    clock = ManualClock()
    window = RowWindow("k", "r1", "sales", None, "r1", "csv", ["id", "shop", "amount"], 2)
    data = WindowData(b"a,x,1\nb,x,2\nc,x,3\n", 0, reference)
    compute = InlineCompute(REPORTS, clock, taking=taking)
    part = PartBuilder(compute, window, data, PartCursor(), Deadline(clock() + 60, clock))

    async def run() -> list[Refusal]:
        found = [await part.fill() for _ in range(9) if not part.ended]
        return [refusal for refusal in found if refusal]

    return part, asyncio.run(run())


def losing(*rows: int | None) -> Callable[[RowWindow], None]:
    """The process ends at these rows, one after another."""
    left = list(rows)

    def taking(window: RowWindow) -> None:
        if left:
            raise RowsLost(left.pop(0), "signal SIGKILL")

    return taking


@pytest.mark.parametrize("rows", [(), (3,), (2, 3, 4), (None,), (None, 2)])
def test_a_lost_process_costs_nothing(rows: tuple[int | None, ...]) -> None:
    """Each row has two tries, so different rows may each lose the process once."""
    part, refusals = build(losing(*rows))
    assert (refusals, [one.rows for one in part.slices], part.next) == ([], [3], None)


def test_the_row_at_which_the_process_ended_twice_is_refused() -> None:
    """The other rows are taken, and the refused row counts as one of the part's."""
    part, refusals = build(losing(3, 4, 3))
    assert [(refusal.row, refusal.code) for refusal in refusals] == [(3, "crashed")]
    staged = asyncio.run(part.staged(0))
    assert (staged.totals.rows, staged.totals.rejected, staged.totals.documents) == (3, 1, 2)


def test_the_row_behind_which_the_process_ends_is_found_alone() -> None:
    """A row that harms the process after its own documents are made, as by closing files, is refused all the same."""
    refused: list[int] = []

    def taking(window: RowWindow) -> None:
        refused[:] = [row for row, *_ in window.refused]
        if 3 not in refused and (calls.pop() if calls else window.row == 3):
            raise RowsLost(None, "exit code 1")

    calls = [True, True]
    part, refusals = build(taking)
    assert [(refusal.row, refusal.code) for refusal in refusals] == [(3, "crashed")]
    assert [one.rows for one in part.slices] == [1, 1, 1]
    staged = asyncio.run(part.staged(0))
    assert (staged.totals.rows, staged.totals.rejected, staged.totals.documents) == (3, 1, 2)
