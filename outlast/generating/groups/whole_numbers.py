"""Counts, sums, means and extremes of columns of whole numbers, which numpy adds up without rounding."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from outlast.aggregates.aggregate import Aggregate
from outlast.aggregates.exact_sum import Sums
from outlast.aggregates.extremes import Max, Min
from outlast.aggregates.sums import Count, Mean, Sum
from outlast.generating.columns import Column, Numbers

EXACT = 1 << 53
"""A double is exact for each whole number below it."""
Doubles = np.ndarray[Any, np.dtype[np.float64]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True, slots=True)
class WholeNumbers:
    """The different values of a column as doubles. `there` says which are not None, `floats` whether they are floats
    and not ints."""

    numbers: Doubles
    there: Flags
    floats: bool

    @classmethod
    def of(cls, column: Column) -> Self | None:
        """None where not all values are ints or all are floats, or where one is no whole number or a sum of all rows
        might be no exact double."""
        kinds = set(map(type, column.values)) - {type(None)}
        if kinds not in ({int}, {float}):
            return None
        try:
            numbers = np.array([0 if value is None else value for value in column.values], np.float64)
        except OverflowError:
            return None
        minus_zero = np.signbit(numbers) & (numbers == 0)
        if not np.abs(numbers).max() * len(column.codes) < EXACT or (numbers % 1 != 0).any() or minus_zero.any():
            return None
        return cls(numbers, np.array([value is not None for value in column.values], np.bool_), kinds == {float})

    def added(self, aggregate: Aggregate, codes: Numbers, of_row: Numbers, groups: int) -> list[Any]:
        """The accumulator of each group, of an aggregate in ADDED. `codes` and `of_row` are each row's value and
        group."""
        there = self.there[codes]
        return ADDED[type(aggregate)](self.numbers[codes[there]], of_row[there], groups, self.floats)


def _counts(numbers: Doubles, of_row: Numbers, groups: int, floats: bool) -> list[int]:
    return [int(count) for count in np.bincount(of_row, minlength=groups)]


def _sums(numbers: Doubles, of_row: Numbers, groups: int, floats: bool) -> list[Sums]:
    totals, counts = np.bincount(of_row, numbers, groups).tolist(), _counts(numbers, of_row, groups, floats)
    return [[int(total), 0, count * floats, 0, 0, 0] for total, count in zip(totals, counts, strict=True)]


def _means(numbers: Doubles, of_row: Numbers, groups: int, floats: bool) -> list[Any]:
    sums, counts = _sums(numbers, of_row, groups, floats), _counts(numbers, of_row, groups, floats)
    return [[count, one] for count, one in zip(counts, sums, strict=True)]


def _least(numbers: Doubles, of_row: Numbers, groups: int, floats: bool) -> list[Any]:
    found = np.full(groups, np.inf)
    np.minimum.at(found, of_row, numbers)
    return [None if one == np.inf else one if floats else int(one) for one in found.tolist()]


def _most(numbers: Doubles, of_row: Numbers, groups: int, floats: bool) -> list[Any]:
    return [None if one is None else -one for one in _least(-numbers, of_row, groups, floats)]


ADDED: Mapping[type[Aggregate], Callable[[Doubles, Numbers, int, bool], list[Any]]] = {
    Count: _counts,
    Sum: _sums,
    Mean: _means,
    Min: _least,
    Max: _most,
}
"""The aggregates that are added up so. A subclass may do something else."""
