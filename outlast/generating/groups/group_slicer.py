"""Adds the rows of a window into groups, slice by slice."""

import marshal
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from outlast.generating.groups.group_adder import GroupAdder
from outlast.generating.groups.plan import GroupPlan
from outlast.generating.part_contents import PartContents
from outlast.generating.row_generator import AnyRow, Documents
from outlast.generating.row_slicer import Collected, Mark, RejectMade, RowSlicer
from outlast.generating.row_window import Limits, RowWindow, Slice, Staged
from outlast.models import Bytes
from outlast.report import Report
from outlast.staging.group_file import PartialGroup, encode_groups
from outlast.staging.rejects import Reject

GROUP_BYTES = 1_000
"""Memory that a group of a slice takes, about."""
Made = tuple[list[tuple[str, int, int, str, str]], list[RejectMade]]
"""The partial groups of a slice, and its rejects."""


@dataclass(slots=True)
class GroupSlicer(RowSlicer):
    """Hands over what each slice has made, which is little, and keeps it, so that it need not be sent again to be
    joined."""

    adder: GroupAdder = field(kw_only=True)
    data: bytes = field(kw_only=True, default=b"")
    _pieces: list[Bytes] = field(default_factory=list)

    @classmethod
    def of(
        cls,
        report: Report[Any],
        rows: Iterator[AnyRow],
        window: RowWindow,
        clock: Callable[[], float],
        mark: Mark,
        data: bytes,
    ) -> "GroupSlicer":
        adder = GroupAdder.of(report, window)
        return cls(adder, rows, window, clock, mark, adder=adder, data=data)

    def take(self, limits: Limits) -> Slice:
        """See RowSlicer. `super()` needs its arguments where a dataclass has slots."""
        made = self._fast() or super(GroupSlicer, self).take(replace(limits, hand_over=True))
        self.data = b""
        self._pieces.append(made.made)
        self.contents.size += len(made.made)
        return made

    def _fast(self) -> Slice | None:
        """All rows at once, where their chunk is clean and the report needs no more than their values."""
        if not (self.data and self.adder.is_fast):
            return None
        from outlast.generating.groups.fast_groups import fast_groups  # imports pyarrow, which rows do not need

        found = fast_groups(self.adder.report, self.adder.plan, self.window, self.data)
        if found is None:
            return None
        self.rows, self.taken, self.count = iter(()), 1, found.rows
        self.next_row, self.offset = self.window.row + found.rows, self.window.offset + len(self.data)
        collected = _Groups(adder=self.adder, rows=found.rows, size=GROUP_BYTES * len(found.groups))
        return collected.slice(self.offset, self.next_row, True, _packed(found.groups, collected))

    def staged(self, chunk: int) -> Staged:
        return _joined(self.adder.plan, chunk, self.count, self._pieces)

    def _begin(self) -> Collected:
        return _Groups(adder=self.adder)

    def _hand_over(self, collected: Collected) -> bytes:
        return _packed(self.adder.take(), collected)

    def _add(self, row: AnyRow, generated: Documents | Reject, collected: Collected) -> None:
        if isinstance(generated, Reject):
            collected.refuse(generated)
        else:
            collected.add(0, 0)


@dataclass(slots=True)
class _Groups(Collected):
    """What a slice has so far."""

    adder: GroupAdder = field(kw_only=True)
    groups: int = 0

    def add(self, documents: int, size: int) -> None:
        self.rows += 1
        if len(self.adder) > self.groups:
            self.groups += 1
            self.size += GROUP_BYTES


def _packed(groups: list[PartialGroup], collected: Collected) -> bytes:
    """The groups of a slice and its rejects. Counts the bytes of the groups."""
    collected.staged_bytes = sum(len(group.key) + len(group.accumulators) for group in groups)
    collected.size += collected.staged_bytes
    made: Made = ([(*group,) for group in groups], collected.rejects)
    return marshal.dumps(made)


def join_groups(report: Report[Any], chunk: int, slices: Iterable[Slice]) -> Staged:
    """One part of a chunk, from slices that follow each other."""
    listed = list(slices)
    return _joined(GroupPlan.of(report), chunk, sum(one.rows for one in listed), [one.made for one in listed])


def _joined(plan: GroupPlan, chunk: int, rows: int, slices: Iterable[Bytes]) -> Staged:
    contents, groups = PartContents(), dict[str, list[PartialGroup]]()
    for one in slices:
        made: Made = marshal.loads(one)
        for group in made[0]:
            groups.setdefault(group[0], []).append(PartialGroup(*group))
        for reject in made[1]:
            contents.refuse(Reject(*reject))
    staged = Staged(*contents.staged(chunk, rows))
    return staged._replace(documents=encode_groups(map(plan.joined, groups.values())), keys=b"")
