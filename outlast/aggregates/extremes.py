"""Min, Max and TopN."""

from collections.abc import Sequence
from functools import reduce
from operator import itemgetter
from typing import Any

from outlast.aggregates.aggregate import Aggregate, Function
from outlast.aggregates.values import decode, encode, in_order, refuse_not_finite

MOST_KEPT = 1_000
"""Values of one group that TopN and Collect may keep."""


class Min(Aggregate):
    """The smallest value, None where there is none: numbers, text, dates and times. Numbers are before text."""

    by_value = True

    def create_accumulator(self) -> Any:
        return None

    def accept(self, value: Any) -> None:
        refuse_not_finite(value)
        in_order(value)

    def add_input(self, accumulator: Any, value: Any) -> Any:
        return value if accumulator is None or self._is_better(in_order(value), in_order(accumulator)) else accumulator

    def add_counted(self, accumulator: Any, value: Any, times: int) -> Any:
        return self.add_input(accumulator, value)

    def merge_accumulators(self, accumulators: Sequence[Any]) -> Any:
        return reduce(self.add_input, (one for one in accumulators if one is not None), None)

    def extract_output(self, accumulator: Any) -> Any:
        return accumulator

    def encode_accumulator(self, accumulator: Any) -> Any:
        return encode(accumulator)

    def decode_accumulator(self, encoded: Any) -> Any:
        return decode(encoded)

    def _is_better(self, one: Any, other: Any) -> bool:
        return bool(one < other)


class Max(Min):
    """The largest value, None where there is none: numbers, text, dates and times. Text is after numbers."""

    def _is_better(self, one: Any, other: Any) -> bool:
        return bool(one > other)


class TopN(Aggregate):
    """The `n` largest values, the largest first; of equal ones those of the earliest rows.

    With `show`, a function of the row, the list has what that returns in place of the values.
    """

    numbered = True

    def __init__(
        self, of: str | Function, n: int, *, show: Function | None = None, where: Function | None = None
    ) -> None:
        super().__init__(of, where=where)
        if not 1 <= n <= MOST_KEPT:
            raise ValueError(f"TopN: n must be a whole number from 1 to {MOST_KEPT:,}, not {n!r}")
        self.n, self.show = n, show

    def create_accumulator(self) -> list[Any]:
        return []

    def accept(self, value: Any) -> None:
        refuse_not_finite(value[0])
        in_order(value[0])
        encode(value[1])

    def add_input(self, accumulator: list[Any], value: Any) -> list[Any]:
        accumulator.append((value[0], *value[1]))
        return accumulator if len(accumulator) < 2 * self.n + 16 else self._largest(accumulator)

    def merge_accumulators(self, accumulators: Sequence[list[Any]]) -> list[Any]:
        return self._largest([entry for one in accumulators for entry in one])

    def extract_output(self, accumulator: list[Any]) -> list[Any]:
        return [shown for _, _, shown in self._largest(accumulator)]

    def encode_accumulator(self, accumulator: list[Any]) -> Any:
        return [[row, encode(value), encode(shown)] for row, value, shown in self._largest(accumulator)]

    def decode_accumulator(self, encoded: Any) -> list[Any]:
        return [(row, decode(value), decode(shown)) for row, value, shown in encoded]

    @property
    def getter(self) -> Function:
        value, show = super().getter, self.show

        def read(row: Any) -> Any:
            found = value(row)
            return None if found is None else (found, found if show is None else show(row))

        return read

    def taken(self, value: Any) -> Any:
        return value, value

    @property
    def field(self) -> str | None:
        return super().field if self.show is None else None

    def _largest(self, entries: list[Any]) -> list[Any]:
        by_row = sorted(entries, key=itemgetter(0))
        return sorted(by_row, key=lambda entry: in_order(entry[1]), reverse=True)[: self.n]
