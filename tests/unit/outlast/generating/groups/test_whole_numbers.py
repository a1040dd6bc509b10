"""Columns of whole numbers: what numpy adds up is what the aggregates add value by value."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlast.aggregates import Aggregate, Count, Max, Mean, Min, Sum
from outlast.generating.columns import Column
from outlast.generating.groups.whole_numbers import ADDED, EXACT, WholeNumbers

INTS = st.none() | st.integers(-(10**6), 10**6)
VALUES = st.lists(INTS, min_size=1, max_size=8, unique=True)
AGGREGATES: tuple[Aggregate, ...] = (Count("v"), Sum("v"), Mean("v"), Min("v"), Max("v"))


def column(values: Sequence[Any], codes: Sequence[int] = (0,)) -> Column:
    return Column(values, np.array(codes, np.int64))


@given(st.data(), VALUES, st.booleans(), st.integers(1, 4))
def test_the_accumulators_are_those_of_adding_each_value(
    data: st.DataObject, values: list[int | None], floats: bool, groups: int
) -> None:
    """Each aggregate has the same accumulators, with values of the same types, for ints and for floats without a
    fraction, also of a group without any value."""
    typed = [float(value) if floats and value is not None else value for value in values]
    rows = data.draw(
        st.lists(st.tuples(st.integers(0, len(values) - 1), st.integers(0, groups - 1)), min_size=1, max_size=30)
    )
    codes, of_row = ([row[at] for row in rows] for at in (0, 1))
    whole = WholeNumbers.of(column(typed, codes))
    if whole is None:
        assert set(values) == {None}
        return
    assert set(map(type, AGGREGATES)) == set(ADDED)
    for aggregate in AGGREGATES:
        expected = [aggregate.create_accumulator() for _ in range(groups)]
        for code, group in rows:
            if typed[code] is not None:
                expected[group] = aggregate.add_input(expected[group], typed[code])
        found = whole.added(aggregate, np.array(codes, np.int64), np.array(of_row, np.int64), groups)
        assert repr(found) == repr(expected), type(aggregate)


@pytest.mark.parametrize(
    "values",
    [
        [None],
        [1, 1.0],
        [True, False],
        ["1", "2"],
        [0.5, 1.0],
        [-0.0, 1.0],
        [float("nan"), 1.0],
        [float("inf")],
        [EXACT],
        [float(-EXACT)],
        [10**400],
    ],
)
def test_other_columns_have_no_whole_numbers(values: list[Any]) -> None:
    """Fractions, both kinds, other types, and what a double does not hold exactly are added value by value."""
    assert WholeNumbers.of(column(values)) is None


def test_a_sum_that_may_be_no_exact_double_is_added_value_by_value() -> None:
    """What counts is the largest value times the number of rows."""
    assert WholeNumbers.of(column([EXACT // 2 - 1], [0, 0])) is not None
    assert WholeNumbers.of(column([EXACT // 2], [0, 0])) is None
