"""Who makes what of the rows of a window, as the window says."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from outlast.generating.groups.group_generator import GroupGenerator, rows_of_groups
from outlast.generating.groups.group_slicer import GroupSlicer, join_groups
from outlast.generating.plain_rows import is_plain
from outlast.generating.read_values import ReadValues
from outlast.generating.row_generator import AnyRow
from outlast.generating.row_slicer import Mark, RowSlicer, generator_for, join_slices, rows_of
from outlast.generating.row_window import DOCUMENTS, GROUPS, RowWindow, Slice, Staged
from outlast.inputs import CSV, rows_format
from outlast.report import Report


def slicer_of(
    report: Report[Any],
    reference: Any,
    window: RowWindow,
    data: bytes,
    clock: Callable[[], float],
    mark: Mark,
    *,
    by_columns: bool = False,
) -> RowSlicer:
    """What generates the rows of a window, whose bytes are `data`.

    `by_columns`: a chunk of rows is validated column by column where that gives the same rows.
    """
    if window.makes == DOCUMENTS:
        generator = generator_for(report, reference, window)
        rows = _ready(report, window, data) if by_columns else None
        return RowSlicer(generator, rows or rows_of(window, data), window, clock, mark)
    if window.makes == GROUPS:
        return GroupSlicer.of(report, rows_of(window, data), window, clock, mark, data)
    combining = GroupGenerator.of(report, reference, window)
    return RowSlicer(combining, rows_of_groups(data), window, clock, mark)


def _ready(report: Report[Any], window: RowWindow, data: bytes) -> Iterator[AnyRow] | None:
    """The rows of a window read column by column; None where they must be read one by one."""
    reading = window.read_as()
    if window.overlong or window.corrected or ReadValues.of(report.row, reading) or not is_plain(report.row):
        return None
    from outlast.generating import ready_rows  # imports pyarrow, which takes longer than a short input

    if reading.typed:
        return ready_rows.of_frame(report.row, window, data)
    return ready_rows.of_lines(report.row, window, data) if rows_format(reading) == CSV else None


def join_of(report: Report[Any], makes: str, chunk: int, slices: Sequence[Slice], mode: str = "upsert") -> Staged:
    """One part of what slices have made that follow each other, to be written in a write mode."""
    return join_groups(report, chunk, slices) if makes == GROUPS else join_slices(chunk, slices, mode)
