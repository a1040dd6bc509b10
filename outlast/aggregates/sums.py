"""Count, Sum and Mean."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from outlast.aggregates import exact_sum
from outlast.aggregates.aggregate import Aggregate
from outlast.aggregates.exact_sum import Sums


class Count(Aggregate):
    """How many rows there are; with `of`, how many whose value is not None."""

    by_value = True

    def create_accumulator(self) -> int:
        return 0

    def accept(self, value: Any) -> None:
        """Every value can be counted."""

    def add_input(self, accumulator: int, value: Any) -> int:
        return accumulator + 1

    def add_counted(self, accumulator: int, value: Any, times: int) -> int:
        return accumulator + times

    def merge_accumulators(self, accumulators: Sequence[int]) -> int:
        return sum(accumulators)

    def extract_output(self, accumulator: int) -> int:
        return accumulator


class Sum(Aggregate):
    """The sum of numbers, 0 where there are none.

    It is exact for ints and Decimals. A sum of floats is the exact sum rounded once, so it is the same in any order. A
    group with floats and Decimals is refused.
    """

    by_value = True

    def create_accumulator(self) -> Sums:
        return exact_sum.nothing()

    def accept(self, value: Any) -> None:
        exact_sum.accept(value)

    def add_input(self, accumulator: Sums, value: Any) -> Sums:
        return exact_sum.add(accumulator, value)

    def add_counted(self, accumulator: Sums, value: Any, times: int) -> Sums:
        return exact_sum.add(accumulator, value, times)

    def merge_accumulators(self, accumulators: Sequence[Sums]) -> Sums:
        return exact_sum.merged(accumulators)

    def extract_output(self, accumulator: Sums) -> int | float | Decimal:
        return exact_sum.total(accumulator)

    def encode_accumulator(self, accumulator: Sums) -> Any:
        return exact_sum.in_lowest_terms(accumulator)


class Mean(Sum):
    """The mean of numbers, None where there are none. The exact mean is rounded once, a Decimal's to 28 digits."""

    def create_accumulator(self) -> Any:
        return [0, exact_sum.nothing()]

    def add_input(self, accumulator: Any, value: Any) -> Any:
        return self.add_counted(accumulator, value, 1)

    def add_counted(self, accumulator: Any, value: Any, times: int) -> Any:
        accumulator[0] += times
        exact_sum.add(accumulator[1], value, times)
        return accumulator

    def merge_accumulators(self, accumulators: Sequence[Any]) -> Any:
        return [sum(one[0] for one in accumulators), exact_sum.merged(one[1] for one in accumulators)]

    def extract_output(self, accumulator: Any) -> Any:
        return exact_sum.mean(accumulator[1], accumulator[0]) if accumulator[0] else None

    def encode_accumulator(self, accumulator: Any) -> Any:
        return [accumulator[0], exact_sum.in_lowest_terms(accumulator[1])]
