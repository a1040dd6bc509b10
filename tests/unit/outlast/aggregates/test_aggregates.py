from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import ceil
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outlast.aggregates import (
    Aggregate,
    Collect,
    Count,
    CountDistinct,
    First,
    Last,
    Max,
    Mean,
    Min,
    Quantile,
    Sum,
    TopN,
    check_laws,
)

NUMBERS = st.lists(st.integers() | st.floats(allow_nan=False, allow_infinity=False), max_size=40)
FLOATS = st.lists(st.floats(min_value=-1e300, max_value=1e300), min_size=1, max_size=40)
MANY = [float(number * number % 7919) / 3 for number in range(6000)]
OF_NUMBERS = (Count(), Sum(), Min(), Max(), First(), Last(), CountDistinct(), Quantile("x", 0.9), Collect("x", 3))


def output(aggregate: Aggregate, values: Sequence[Any]) -> Any:
    """What an aggregate shows of these values, the first of which is that of row 1."""
    accumulator = aggregate.create_accumulator()
    for row, value in enumerate(values, 1):
        aggregate.accept(value)
        accumulator = aggregate.add_input(accumulator, (row, value) if aggregate.numbered else value)
    return aggregate.extract_output(accumulator)


@settings(max_examples=50)
@given(FLOATS)
def test_every_aggregate_obeys_the_laws(values: list[float]) -> None:
    """No result depends on how the values are divided, nor on the order in which pieces are merged."""
    for aggregate in (*OF_NUMBERS, Mean()):
        check_laws(aggregate, values, rounds=3)
    check_laws(TopN("x", 2), [(value, value) for value in values], rounds=3)


@pytest.mark.parametrize("aggregate", [*OF_NUMBERS, Mean()], ids=lambda one: type(one).__name__)
def test_the_laws_hold_for_many_values(aggregate: Aggregate) -> None:
    """The same holds when estimates are all that is kept."""
    check_laws(aggregate, MANY, rounds=4)


class Difference(Aggregate):
    """The first value less all others: it depends on the order."""

    def create_accumulator(self) -> Any:
        return None

    def add_input(self, accumulator: Any, value: Any) -> Any:
        return value if accumulator is None else accumulator - value

    def merge_accumulators(self, accumulators: Sequence[Any]) -> Any:
        found = [one for one in accumulators if one is not None]
        return found[0] - sum(found[1:]) if found else None

    def extract_output(self, accumulator: Any) -> Any:
        return accumulator


def test_an_aggregate_that_depends_on_the_order_is_found() -> None:
    """`check_laws` raises AssertionError with both results."""
    with pytest.raises(AssertionError, match="Difference is -4 for 4 values at once, but"):
        check_laws(Difference(), [1, 1, 2, 2])


@given(FLOATS)
def test_a_sum_of_floats_is_the_exact_sum_rounded_once(values: list[float]) -> None:
    """It equals the sum of fractions, to the last bit, and the mean does."""
    exact = sum(map(Fraction, values))
    assert output(Sum(), values) == float(exact)
    assert output(Mean(), values) == float(exact / len(values))


@given(st.lists(st.integers(), max_size=30))
def test_a_sum_of_ints_is_exact(values: list[int]) -> None:
    """Whole numbers of any size stay whole numbers."""
    found = output(Sum(), values)
    assert (found, type(found)) == (sum(values), int)


@given(st.lists(st.decimals(-(10**20), 10**20, places=3), min_size=1, max_size=30))
def test_a_sum_of_decimals_is_exact(values: list[Decimal]) -> None:
    """Decimals are added in all their digits, together with ints, and keep their places."""
    found = output(Sum(), [*values, 7])
    assert Fraction(found) == sum(map(Fraction, values)) + 7
    assert str(output(Sum(), [Decimal("1.10"), Decimal("2.20")])) == "3.30"


def test_floats_and_decimals_are_not_added_together() -> None:
    """A group with both raises TypeError, whatever came first."""
    for values in ([1.5, Decimal("1.5")], [Decimal("1.5"), 1.5]):
        with pytest.raises(TypeError, match="floats and Decimals cannot be added together"):
            output(Sum(), values)


@given(NUMBERS, st.floats(0, 1))
def test_a_quantile_of_few_values_is_exact(values: list[int | float], q: float) -> None:
    """It is the smallest value that the fraction q of all does not exceed."""
    rank = max(1, ceil(Fraction(str(q)) * len(values)))
    wanted = (
        sorted(float(value) if isinstance(value, float) else value for value in values)[rank - 1] if values else None
    )
    usable = [value for value in values if abs(value) < 10**300]
    if len(usable) == len(values):
        assert output(Quantile("x", q), values) == wanted


@pytest.mark.parametrize("q", [0, 0.01, 0.5, 0.9, 0.999, 1])
def test_a_quantile_of_many_values_is_within_its_bound(q: float) -> None:
    """For 6,000 values of more than 1,000 different ones it is within 1/128 of the right value."""
    spread = [(-1) ** number * 1.017**number for number in range(-2000, 2000)] + [0.0] * 200
    right = sorted(spread)[max(1, ceil(Fraction(str(q)) * len(spread))) - 1]
    found = output(Quantile("x", q), spread)
    assert abs(found - right) <= abs(right) / 128


def test_distinct_values_are_counted_exactly_up_to_4096() -> None:
    """Beyond that the estimate is within 4.1 % here; 5 and 5.0 are one value, 5 and its text are two."""
    assert output(CountDistinct(), [f"v{number}" for number in range(4096)] * 2) == 4096
    assert output(CountDistinct(), [f"v{number}" for number in range(50_000)]) == pytest.approx(50_000, rel=0.041)
    assert output(CountDistinct(), [5, 5.0, Decimal("5.00"), "5"]) == 2


def test_extremes_take_text_dates_and_numbers() -> None:
    """Dates and text have an order, and numbers stand before text."""
    days = [date(2013, 1, 2), date(2013, 1, 1)]
    assert (output(Min(), days), output(Max(), days)) == (days[1], days[0])
    assert (output(Min(), ["b", 3, "a"]), output(Max(), ["b", 3, "a"])) == (3, "b")


def test_what_stands_first_and_last_in_the_input_is_told_by_the_row() -> None:
    """First, Last and Collect go by the rows' numbers, also when later rows are added first."""
    values = [(3, "c"), (1, "a"), (2, "b")]
    found = []
    for aggregate in (First(), Last(), Collect("x", 2)):
        accumulator = aggregate.create_accumulator()
        for value in values:
            accumulator = aggregate.add_input(accumulator, value)
        found.append(aggregate.extract_output(accumulator))
    assert found == ["a", "c", ["a", "b"]]


def test_of_equal_values_the_earliest_rows_are_on_top() -> None:
    """TopN shows what its function has made of these rows, the largest first."""
    assert output(TopN("x", 3), [(1, "a"), (5, "b"), (5, "c"), (5, "d")]) == ["b", "c", "d"]
    assert output(TopN("x", 9), [(1, "a"), (5, "b")]) == ["b", "a"]


@pytest.mark.parametrize(
    ("aggregate", "value"),
    [
        (Sum(), "5"),
        (Sum(), float("nan")),
        (Sum(), Decimal("1e5000")),
        (Min(), float("nan")),
        (Max(), [1]),
        (Quantile("x", 0.5), "5"),
        (First(), object()),
        (CountDistinct(), {1, 2}),
        (TopN("x", 1), (None, 1)),
    ],
)
def test_a_value_that_cannot_be_aggregated_is_refused(aggregate: Aggregate, value: Any) -> None:
    """It raises before it is added."""
    with pytest.raises((TypeError, ValueError)):
        aggregate.accept(value)


def test_numbers_that_make_no_sense_are_refused() -> None:
    """A quantile beyond 1, and more kept values than a group may keep, raise ValueError when the report is loaded."""
    for wrong in (lambda: Quantile("x", 1.1), lambda: TopN("x", 0), lambda: Collect("x", 1001)):
        with pytest.raises(ValueError, match="must be a"):
            wrong()


@pytest.mark.parametrize(
    ("aggregate", "nothing"),
    [(Count(), 0), (Sum(), 0), (Mean(), None), (Min(), None), (First(), None), (CountDistinct(), 0)],
)
def test_a_group_without_a_value_has_a_result(aggregate: Aggregate, nothing: Any) -> None:
    """Counts and sums of nothing are 0, the others None."""
    assert output(aggregate, []) == nothing
