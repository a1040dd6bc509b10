"""Adds all rows of a clean chunk into groups at once, column by column. The groups are the same as row by row."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from outlast.aggregates.aggregate import Aggregate
from outlast.aggregates.by_row import First, Last
from outlast.aggregates.values import identity
from outlast.generating.columns import Column, Numbers, columns_of
from outlast.generating.groups.plan import GroupPlan, encoded_key
from outlast.generating.groups.whole_numbers import ADDED, WholeNumbers
from outlast.generating.row_window import RowWindow
from outlast.report import Report
from outlast.staging.group_file import PartialGroup

DENSE = 4
"""Codes that are counted in an array of all possible ones, for each row."""


class FastGroups(NamedTuple):
    """The number of rows, and their groups."""

    rows: int
    groups: list[PartialGroup]


def fast_groups(report: Report[Any], plan: GroupPlan, window: RowWindow, data: bytes) -> FastGroups | None:
    """What the rows of a window make, whose bytes are `data`; None where anything about them is doubtful."""
    if window.overlong or window.refused or not data:
        return None
    found = columns_of(report.row, window.columns, data)
    if found is None:
        return None
    columns = found.of
    whole = {one.field: WholeNumbers.of(columns[one.field]) for one in plan.aggregates if one.field is not None}
    numbers = {name: found for name, found in whole.items() if found is not None}
    if not all(_accepts(one, columns, numbers) for one in plan.aggregates):
        return None
    groups = _Groups(plan, columns, numbers, window.row)
    return FastGroups(len(groups.of_row), list(groups.made()))


def _accepts(aggregate: Aggregate, columns: Mapping[str, Column], whole: Mapping[str, WholeNumbers]) -> bool:
    if aggregate.field is None or (aggregate.field in whole and type(aggregate) in ADDED):
        return True
    try:
        for value in columns[aggregate.field].values:
            if value is not None:
                aggregate.accept(aggregate.taken(value))
    except Exception:  # noqa: BLE001  # row by row, each row that has the value is a reject
        return False
    return True


class _Groups:
    """`of_row` is the number of each row's group, `firsts` the position of each group's first row."""

    def __init__(
        self, plan: GroupPlan, columns: Mapping[str, Column], whole: Mapping[str, WholeNumbers], row: int
    ) -> None:
        self.plan, self.columns, self.whole, self.row = plan, columns, whole, row
        codes = _group_codes([columns[name] for name in plan.group_by])
        self.firsts, self.of_row, self.counts = _numbered(*codes)
        self._pairs: dict[str, list[tuple[int, Any, int]]] = {}

    def made(self) -> Iterator[PartialGroup]:
        added = [self._added(aggregate) for aggregate in self.plan.aggregates]
        keys = [self.columns[name] for name in self.plan.group_by]
        for group, (first, rows) in enumerate(zip(self.firsts.tolist(), self.counts.tolist(), strict=True)):
            hashed, key = encoded_key(tuple(column.values[column.codes[first]] for column in keys))
            accumulators = self.plan.encoded([one[group] for one in added])
            yield PartialGroup(hashed, self.row + first, rows, key, accumulators)

    def _added(self, aggregate: Aggregate) -> Sequence[Any]:
        """The accumulator of each group."""
        if aggregate.field is None:
            return [int(count) for count in self.counts]
        if aggregate.field in self.whole and type(aggregate) in ADDED:
            codes = self.columns[aggregate.field].codes
            return self.whole[aggregate.field].added(aggregate, codes, self.of_row, len(self.firsts))
        accumulators = [aggregate.create_accumulator() for _ in self.firsts]
        if aggregate.by_value:
            for group, value, times in self._values(aggregate.field):
                accumulators[group] = aggregate.add_counted(accumulators[group], value, times)
        else:
            for position, value in self._rows(aggregate):
                group = self.of_row[position]
                given = (self.row + position, aggregate.taken(value))
                accumulators[group] = aggregate.add_input(accumulators[group], given)
        return accumulators

    def _values(self, field: str) -> list[tuple[int, Any, int]]:
        """Each value of a field in each group and how often it occurs, in the order of the first such row."""
        if field not in self._pairs:
            column = self.columns[field]
            size = len(column.values)
            firsts, _, counts = _numbered(self.of_row * size + column.codes, len(self.firsts) * size)
            groups, codes = self.of_row[firsts].tolist(), column.codes[firsts].tolist()
            found = zip(groups, (column.values[code] for code in codes), counts.tolist(), strict=True)
            self._pairs[field] = [one for one in found if one[1] is not None]
        return self._pairs[field]

    def _rows(self, aggregate: Aggregate) -> Iterator[tuple[int, Any]]:
        """The positions and values of the rows that an aggregate needs, in their order."""
        column = self.columns[str(aggregate.field)]
        there = np.flatnonzero(np.array([value is not None for value in column.values], bool)[column.codes])
        if type(aggregate) is First:
            there = there[_first_of_each(self.of_row[there], len(self.firsts))]
        elif type(aggregate) is Last:
            there = there[::-1][_first_of_each(self.of_row[there[::-1]], len(self.firsts))]
        for position, code in zip(there.tolist(), column.codes[there].tolist(), strict=True):
            yield position, column.values[code]


def _group_codes(columns: Sequence[Column]) -> tuple[Numbers, int]:
    """A number for each row that is the same for rows of equal values, and a number that is larger than all."""
    codes, size = np.zeros(len(columns[0].codes), np.int64), 1
    for column in columns:
        known: dict[str, int] = {}
        same = [known.setdefault(identity(value), len(known)) for value in column.values]
        if size * len(known) >= 1 << 62:
            _, codes = np.unique(codes, return_inverse=True)
            size = int(codes.max()) + 1
        codes, size = codes * len(known) + np.array(same, np.int64)[column.codes], size * len(known)
    return codes, size


def _numbered(codes: Numbers, size: int) -> tuple[Numbers, Numbers, Numbers]:
    """The different codes, numbered in the order in which they come: the position of the first row of each, each row's
    number, and how often each number occurs."""
    if size <= DENSE * len(codes):
        firsts = _first_of_each(codes, size)
        number = np.zeros(size, np.int64)
        number[codes[firsts]] = np.arange(len(firsts))
        of_row = number[codes]
    else:
        _, begins, inverse = np.unique(codes, return_index=True, return_inverse=True)
        order = np.argsort(begins)
        firsts, rank = begins[order], np.empty_like(order)
        rank[order] = np.arange(len(order))
        of_row = rank[inverse]
    return firsts, of_row, np.bincount(of_row, minlength=len(firsts))


def _first_of_each(codes: Numbers, size: int) -> Numbers:
    """The position of the first row of each code that there is, in their order."""
    firsts = np.full(size, -1, np.int64)
    firsts[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)
    return np.sort(firsts[firsts >= 0])
