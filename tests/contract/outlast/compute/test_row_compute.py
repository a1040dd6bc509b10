import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

import pytest

from outlast.cosmos.bulk.staged_document import read_staged
from outlast.generating.row_window import Limits, RowCompute, RowsLost, RowStopped, Slice, SlicesLost
from outlast.staging.rejects import each_row_once
from tests.contract.outlast.compute.conftest import Opener
from tests.contract.outlast.compute.taking import PLENTY, build, data_of, take, window

T = TypeVar("T")
UNHANDED = Limits(seconds=0.0, room=1 << 24, hand_over=False)


def use(opener: Opener, work: Callable[[RowCompute], Awaitable[T]]) -> T:
    async def run() -> T:
        async with opener() as compute:
            return await work(compute)

    return asyncio.run(run())


def test_rows_become_documents_with_the_reference(opener: Opener) -> None:
    """Each row's documents are staged with its number and the run's reference; the last slice says that it ended."""

    async def work(compute: RowCompute) -> None:
        one = await take(compute, ["", ""])
        assert (one.rows, one.row, one.ended) == (2, 4, True)
        staged = await compute.join(window("r1"), 0, [one])
        lines = sorted(read_staged(bytes(staged.documents)), key=lambda line: line.row)
        assert [(line.row, line.parsed()) for line in lines] == [
            (number, {"id": f"s{number}", "shop": "x", "reference": "r"}) for number in (2, 3)
        ]
        assert (staged.rejects, staged.totals.rows, staged.totals.documents) == (None, 2, 2)

    use(opener, work)


@pytest.mark.parametrize(
    ("limits", "rows"),
    [(Limits(0.0, 1 << 24), 1), (Limits(60.0, 0), 1), (Limits(0.0, 1 << 24, through=4), 3), (Limits(60.0, 1 << 24), 5)],
)
def test_a_slice_ends_by_time_or_room_but_not_before_a_given_row(opener: Opener, limits: Limits, rows: int) -> None:
    """A slice has at least one row, and the next slice goes on behind it."""

    async def work(compute: RowCompute) -> list[Slice]:
        slices = [await take(compute, [""] * 5, limits)]
        if not slices[0].ended:
            rest = window("r1", row=slices[0].row, offset=slices[0].offset)
            slices.append(await compute.take(rest, data_of([""] * 5), PLENTY, 60.0))
        return slices

    slices = use(opener, work)
    assert slices[0].rows == rows
    assert sum(one.rows for one in slices) == 5
    assert [one.ended for one in slices] == [False] * (len(slices) - 1) + [True]


def test_slices_that_were_not_handed_over_end_with_their_process(opener: Opener) -> None:
    """Who goes on with them, or joins them, is told that they are lost."""

    async def work(compute: RowCompute) -> None:
        first = await take(compute, ["", "", "die"], UNHANDED)
        assert (first.rows, first.made) == (1, b"")
        rest = replace(window("r1", row=first.row, offset=first.offset), bound=True)
        with pytest.raises(RowsLost):
            await compute.take(rest, data_of(["", "", "die"]), PLENTY, 60.0)
        with pytest.raises(SlicesLost):
            await compute.take(rest, data_of(["", "", "die"]), PLENTY, 60.0)
        with pytest.raises(SlicesLost):
            await compute.join(rest, 0, [first])

    use(opener, work)


def test_a_slice_hands_over_what_those_before_it_have_not(opener: Opener) -> None:
    """Any process can join slices of which the last one was handed over: documents and rejects."""

    async def work(compute: RowCompute) -> None:
        does = ["exit", "", ""]
        slices = [await take(compute, does, UNHANDED)]
        for limits in (UNHANDED, PLENTY):
            rest = replace(window("r1", row=slices[-1].row, offset=slices[-1].offset), bound=True)
            slices.append(await compute.take(rest, data_of(does), limits, 60.0))
        assert [bool(one.made) for one in slices] == [False, False, True]
        staged = await compute.join(window("another", "r1"), 0, slices)
        assert sorted(line.row for line in read_staged(bytes(staged.documents))) == [3, 4]
        assert [reject.row for reject in each_row_once([staged.rejects or b""])] == [2]
        assert (staged.totals.rows, staged.totals.rejected) == (3, 1)

    use(opener, work)


@pytest.mark.parametrize("vice", ["hang", "regular_expression"])
def test_a_row_that_never_returns_is_stopped_and_named(opener: Opener, vice: str) -> None:
    """The exception has the row's number, and the compute takes rows again afterwards."""

    async def work(compute: RowCompute) -> Slice:
        with pytest.raises(RowStopped) as stopped:
            await take(compute, ["", vice, ""])
        assert stopped.value.row == 3
        assert str(stopped.value).startswith("the row took longer than 0.5 s and was stopped")
        return await take(compute, ["", ""])

    assert use(opener, work).rows == 2


def test_a_row_that_ends_its_process_is_named(opener: Opener) -> None:
    """The exception has the row's number and how the process ended, and the next call has a process again."""

    async def work(compute: RowCompute) -> Slice:
        with pytest.raises(RowsLost, match="signal SIGKILL") as lost:
            await take(compute, ["", "", "die"])
        assert lost.value.row == 4
        return await take(compute, [""])

    assert use(opener, work).rows == 1


def test_bad_rows_of_every_kind_cost_themselves_alone(opener: Opener) -> None:
    """Five rows that never return or end the process are rejects by their codes, and every other row is staged."""
    does = ["", "hang", "", "die", "regular_expression", "", "hang", "die", "exit", "mute", "print", "", "slow"]

    async def work(compute: RowCompute) -> None:
        part, refusals = await build(compute, does)
        assert [(refusal.row, refusal.code) for refusal in refusals] == [
            (3, "timeout"),
            (5, "crashed"),
            (6, "timeout"),
            (8, "timeout"),
            (9, "crashed"),
        ]
        staged = await part.staged(0)
        assert sorted(line.row for line in read_staged(bytes(staged.documents))) == [2, 4, 7, 12, 13, 14]
        rejects = {reject.row: reject for reject in each_row_once([staged.rejects or b""])}
        assert {row: reject.code for row, reject in rejects.items()} == {
            **{refusal.row: refusal.code for refusal in refusals},
            10: "error",
            11: "error",
        }
        assert rejects[3].fields == ["s3", "x", "hang"]
        assert (rejects[10].message, rejects[11].message[:28]) == ("SystemExit: 3", "Mute, whose text cannot be r")
        assert staged.totals.rows == len(does)

    use(opener, work)


def test_runs_side_by_side_keep_their_places(opener: Opener) -> None:
    """Rows of several runs, one of them bad, are taken in turns, and each run has all of its own."""

    async def work(compute: RowCompute) -> None:
        built = await asyncio.gather(
            *(build(compute, ["", "hang" if run == "r2" else "", "slow", ""], run) for run in ("r1", "r2", "r3"))
        )
        assert [sum(one.rows for one in part.slices) for part, _ in built] == [4, 4, 4]
        assert [len(refusals) for _, refusals in built] == [0, 1, 0]

    use(opener, work)
