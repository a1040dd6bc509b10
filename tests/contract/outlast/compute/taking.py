"""What the tests of both computes share: windows, and taking all rows of one as an activity does."""

import time
from collections.abc import Sequence

from outlast.deadline import Deadline
from outlast.generating.part_builder import PartBuilder, PartCursor, Refusal
from outlast.generating.row_window import Limits, RowCompute, RowWindow, Slice, WindowData

PLENTY = Limits(seconds=60.0, room=1 << 24)
REFERENCE = b'"r"'


def csv_of(does: Sequence[str]) -> bytes:
    """Rows from number 2 on, each with what its code does."""
    return b"".join(b"s%d,x,%b\n" % (number, one.encode()) for number, one in enumerate(does, 2))


def window(key: str = "k", run: str = "r1", row: int = 2, offset: int = 0) -> RowWindow:
    return RowWindow(
        key=key,
        run=run,
        report="vicious",
        generation=None,
        reference=run,
        format="csv",
        columns=["id", "shop", "does"],
        row=row,
        offset=offset,
    )


async def reference() -> bytes:
    return REFERENCE


def data_of(does: Sequence[str]) -> WindowData:
    return WindowData(csv_of(does), 0, reference)


async def take(compute: RowCompute, does: Sequence[str], limits: Limits = PLENTY, run: str = "r1") -> Slice:
    return await compute.take(window(run, run), data_of(does), limits, 60.0)


async def build(compute: RowCompute, does: Sequence[str], run: str = "r1") -> tuple[PartBuilder, list[Refusal]]:
    """All rows of a chunk as one part, and the rows that were refused on the way."""
    deadline = Deadline(time.monotonic() + 120, time.monotonic)
    part, refusals = PartBuilder(compute, window(run, run), data_of(does), PartCursor(), deadline), []
    while not part.ended:
        if refusal := await part.fill():
            refusals.append(refusal)
    return part, refusals
