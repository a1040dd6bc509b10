import math
from typing import Any

import pytest

from outlast.json_numbers import LARGEST_EXACT, find_number, is_not_finite, is_not_kept


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (math.nan, ""),
        ({"a": [1, {"b": math.inf}]}, "a.1.b"),
        ({"a": [True, "nan", None, 1.5, 10**400]}, None),
        ([], None),
    ],
)
def test_a_number_that_is_not_finite_is_found(value: Any, path: str | None) -> None:
    """NaN and infinity are found at every depth; text, booleans and integers of any size are no such number."""
    assert find_number(value, is_not_finite) == path


@pytest.mark.parametrize(
    ("value", "path"),
    [({"n": LARGEST_EXACT}, None), ({"n": LARGEST_EXACT + 1}, "n"), ([-(10**400)], "0"), ([1e300, -0.0], None)],
)
def test_an_integer_that_a_double_may_round_is_found(value: Any, path: str | None) -> None:
    """Integers beyond 2^53 are found, and finite floats are not."""
    assert find_number(value, is_not_kept) == path
