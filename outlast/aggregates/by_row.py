"""First, Last and Collect: what depends on where in the input a row stands."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

from outlast.aggregates.aggregate import Aggregate, Function
from outlast.aggregates.extremes import MOST_KEPT
from outlast.aggregates.values import decode, encode


class First(Aggregate):
    """The value of the row that stands first in the input, of those whose value is not None."""

    numbered = True

    def create_accumulator(self) -> Any:
        return None

    def accept(self, value: Any) -> None:
        encode(value)

    def add_input(self, accumulator: Any, value: Any) -> Any:
        return self._chosen([value] if accumulator is None else [accumulator, value])

    def merge_accumulators(self, accumulators: Sequence[Any]) -> Any:
        return self._chosen([one for one in accumulators if one is not None])

    def extract_output(self, accumulator: Any) -> Any:
        return None if accumulator is None else accumulator[1]

    def encode_accumulator(self, accumulator: Any) -> Any:
        return None if accumulator is None else [accumulator[0], encode(accumulator[1])]

    def decode_accumulator(self, encoded: Any) -> Any:
        return None if encoded is None else (encoded[0], decode(encoded[1]))

    def _chosen(self, entries: list[Any]) -> Any:
        return min(entries, key=itemgetter(0), default=None)


class Last(First):
    """The value of the row that stands last in the input, of those whose value is not None."""

    def _chosen(self, entries: list[Any]) -> Any:
        return max(entries, key=itemgetter(0), default=None)


class Collect(Aggregate):
    """The values of the first `most` rows, in the order of the input. Later ones are left out."""

    numbered = True

    def __init__(self, of: str | Function, most: int = 100, *, where: Function | None = None) -> None:
        super().__init__(of, where=where)
        if not 1 <= most <= MOST_KEPT:
            raise ValueError(f"Collect: most must be a whole number from 1 to {MOST_KEPT:,}, not {most!r}")
        self.most = most

    def create_accumulator(self) -> list[Any]:
        return []

    def accept(self, value: Any) -> None:
        encode(value)

    def add_input(self, accumulator: list[Any], value: Any) -> list[Any]:
        accumulator.append(value)
        return accumulator if len(accumulator) < 2 * self.most + 16 else self._earliest(accumulator)

    def merge_accumulators(self, accumulators: Sequence[list[Any]]) -> list[Any]:
        return self._earliest([entry for one in accumulators for entry in one])

    def extract_output(self, accumulator: list[Any]) -> list[Any]:
        return [value for _, value in self._earliest(accumulator)]

    def encode_accumulator(self, accumulator: list[Any]) -> Any:
        return [[row, encode(value)] for row, value in self._earliest(accumulator)]

    def decode_accumulator(self, encoded: Any) -> list[Any]:
        return [(row, decode(value)) for row, value in encoded]

    def _earliest(self, entries: list[Any]) -> list[Any]:
        return sorted(entries, key=itemgetter(0))[: self.most]
