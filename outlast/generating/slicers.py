"""Who makes what of the rows of a window, as the window says."""

from collections.abc import Callable, Sequence
from typing import Any

from outlast.generating.groups.group_generator import GroupGenerator, rows_of_groups
from outlast.generating.groups.group_slicer import GroupSlicer, join_groups
from outlast.generating.row_slicer import Mark, RowSlicer, generator_for, join_slices, rows_of
from outlast.generating.row_window import DOCUMENTS, GROUPS, RowWindow, Slice, Staged
from outlast.report import Report


def slicer_of(
    report: Report[Any], reference: Any, window: RowWindow, data: bytes, clock: Callable[[], float], mark: Mark
) -> RowSlicer:
    """What generates the rows of a window, whose bytes are `data`."""
    if window.makes == DOCUMENTS:
        generator = generator_for(report, reference, window)
        return RowSlicer(generator, rows_of(window, data), window, clock, mark)
    if window.makes == GROUPS:
        return GroupSlicer.of(report, rows_of(window, data), window, clock, mark, data)
    combining = GroupGenerator.of(report, reference, window)
    return RowSlicer(combining, rows_of_groups(data), window, clock, mark)


def join_of(report: Report[Any], makes: str, chunk: int, slices: Sequence[Slice]) -> Staged:
    """One part of what slices have made that follow each other."""
    return join_groups(report, chunk, slices) if makes == GROUPS else join_slices(chunk, slices)
