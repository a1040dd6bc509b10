"""The values of queries: JSON and undefined, with the service's equality and order."""

import math
from typing import Any


class Undefined:
    """The type of a missing value."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "undefined"


UNDEFINED = Undefined()
RANKS: dict[type, int] = {Undefined: 0, type(None): 1, bool: 2, int: 4, float: 4, str: 5, list: 6, dict: 7}


def rank(value: Any) -> int:
    """The position of a value's type in the order of types."""
    return RANKS[type(value)]


def sort_key(value: Any) -> tuple[int, Any]:
    """A key that orders values of all types, first by type and then by value."""
    place = rank(value)
    if place in {2, 4, 5}:
        return place, value
    if place == 6:
        return place, tuple(sort_key(inner) for inner in value)
    if place == 7:
        return place, tuple((name, sort_key(value[name])) for name in sorted(value))
    return place, 0


def equal(left: Any, right: Any) -> Any:
    """The operator =. It is undefined for an undefined operand, and false between types."""
    if left is UNDEFINED or right is UNDEFINED:
        return UNDEFINED
    return same(left, right)


def same(left: Any, right: Any) -> bool:
    """Whether two JSON values are equal. true does not equal 1."""
    if rank(left) != rank(right):
        return False
    if isinstance(left, list):
        return len(left) == len(right) and all(same(a, b) for a, b in zip(left, right, strict=True))
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(value, right[name]) for name, value in left.items())
    return bool(left == right)


def number(value: Any) -> bool:
    return type(value) is int or type(value) is float


def tidy(value: Any) -> Any:
    """A number as JSON writes it, whole numbers without a fraction; undefined where it is infinite or NaN."""
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**63 else float(value)
    if not math.isfinite(value):
        return UNDEFINED
    return int(value) if value.is_integer() and abs(value) < 2**53 else value
