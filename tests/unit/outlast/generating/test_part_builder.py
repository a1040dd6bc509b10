import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlast.deadline import Deadline
from outlast.generating.part_builder import PartBuilder, PartCursor, Refusal
from outlast.generating.row_window import RowsLost, RowWindow, SlicesLost, Staged, WindowData
from tests.fakes.clock import ManualClock
from tests.fakes.compute import InlineCompute
from tests.fakes.reports import REPORTS

ROWS = b"".join(b"s%d,x,%b\n" % (number, b"y" if number % 7 == 3 else b"1") for number in range(40))
"""Forty rows, six of which are refused."""


async def reference() -> bytes:
    return b'{"factor": 1}'


def part_of(taking: Callable[[RowWindow], None], rows: bytes, tick: float = 0.0) -> PartBuilder:
    """A part of these rows from number 2 on. `taking` is called before each slice. The clock is read after each row,
    and goes on by `tick` seconds then."""
    clock = ManualClock()
    window = RowWindow("k", "r1", "sales", None, "r1", "csv", ["id", "shop", "amount"], 2)
    compute = InlineCompute(REPORTS, clock, taking=taking)
    deadline = Deadline(clock() + 600, clock, grace=60.0)
    part = PartBuilder(compute, window, WindowData(rows, 0, reference), PartCursor(), deadline)
    clock.tick = tick
    return part


def never(window: RowWindow) -> None:
    """No process ends."""


async def filled(part: PartBuilder) -> Staged:
    """The part, as an activity fills it."""
    while True:
        while not part.ended:
            await part.fill()
        with suppress(SlicesLost):
            return await part.staged(0)


def build(taking: Callable[[RowWindow], None]) -> tuple[PartBuilder, list[Refusal]]:
    """A part of three rows from number 2 on; `taking` is called before each slice."""
    part = part_of(taking, b"a,x,1\nb,x,2\nc,x,3\n")

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


def test_what_was_not_handed_over_is_made_again() -> None:
    """A part goes back to its begin when the process ends, under another key, and from then on keeps each slice."""
    taken: list[tuple[int, bool]] = []

    def taking(window: RowWindow) -> None:
        taken.append((window.row, window.key == "k"))
        if len(taken) == 3:
            raise RowsLost(None, "signal SIGKILL")

    part = part_of(taking, ROWS, tick=0.1)
    staged = asyncio.run(filled(part))
    assert taken[:4] == [(2, True), (5, True), (8, True), (2, False)]
    assert all(one.made for one in part.slices)
    assert staged == asyncio.run(filled(part_of(never, ROWS)))


def test_work_of_seconds_is_not_lost() -> None:
    """Slices are handed over at the latest when they have taken as long as may be done again, so that no more is made
    again."""
    rows: list[int] = []

    def taking(window: RowWindow) -> None:
        rows.append(window.row)
        if len(rows) == 9:
            raise RowsLost(None, "signal SIGKILL")

    part = part_of(taking, ROWS, tick=0.1)
    part.deadline = replace(part.deadline, grace=12.0)  # one second may be done again
    asyncio.run(filled(part))
    assert 2 < rows[9] < rows[8]


EVENTS = st.lists(st.sampled_from(["take", "lost", "evicted"]), max_size=40)


@given(EVENTS.filter(lambda events: events.count("lost") < 4), st.sampled_from([0.0, 0.05, 0.1, 0.3]))
def test_a_part_is_the_same_whatever_processes_end(events: list[str], tick: float) -> None:
    """Processes that end, at most three, or that let go what they have made change nothing of a part but the time that
    it takes."""
    left = list(events)

    def taking(window: RowWindow) -> None:
        event = left.pop(0) if left else "take"
        if event == "lost":
            raise RowsLost(None, "signal SIGKILL")
        if event == "evicted":
            compute.let_go()

    part = part_of(taking, ROWS, tick)
    compute = cast(InlineCompute, part.compute)
    assert asyncio.run(filled(part)) == asyncio.run(filled(part_of(never, ROWS)))
