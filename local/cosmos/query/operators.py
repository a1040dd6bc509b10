"""The operators of queries on JSON values. A wrong type gives undefined, as in the service."""

import operator
from collections.abc import Callable
from typing import Any

from local.cosmos.query.values import UNDEFINED, number, rank, tidy

Evaluate = Callable[[Any], Any]
ORDERED: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
SIGNS: dict[str, Callable[[Any], Any]] = {"-": operator.neg, "+": operator.pos}
ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}


def member(base: Any, key: Any) -> Any:
    if isinstance(base, dict) and isinstance(key, str):
        return base.get(key, UNDEFINED)
    if isinstance(base, list) and number(key) and 0 <= key < len(base) and float(key).is_integer():
        return base[int(key)]
    return UNDEFINED


def ordered(test: Callable[[Any, Any], bool], left: Any, right: Any) -> Any:
    """<, <=, > and >=, which are undefined between types."""
    if left is UNDEFINED or right is UNDEFINED or rank(left) != rank(right):
        return UNDEFINED
    if isinstance(left, list | dict):
        return UNDEFINED
    if left is None:
        return test(0, 0)
    return test(left, right)


def negated(value: Any) -> Any:
    return (not value) if isinstance(value, bool) else UNDEFINED


def and_(left: Any, right: Evaluate, document: Any) -> Any:
    if left is False:
        return False
    value = right(document)
    if value is False:
        return False
    return True if left is True and value is True else UNDEFINED


def or_(left: Any, right: Evaluate, document: Any) -> Any:
    if left is True:
        return True
    value = right(document)
    if value is True:
        return True
    return False if left is False and value is False else UNDEFINED


def calculate(op: str, left: Any, right: Any) -> Any:
    if op == "||":
        return left + right if isinstance(left, str) and isinstance(right, str) else UNDEFINED
    if not number(left) or not number(right):
        return UNDEFINED
    try:
        if op == "%":
            return tidy(left - right * int(left / right))
        if op in ARITHMETIC:
            return tidy(ARITHMETIC[op](left, right))
        return bits(op, int(left), int(right))
    except (ZeroDivisionError, OverflowError, ValueError):
        return UNDEFINED


def bits(op: str, left: int, right: int) -> int:
    """Bit operators on 32-bit numbers."""
    if op == ">>>":
        return (left & 0xFFFFFFFF) >> (right & 31)
    result = {
        "|": left | right,
        "&": left & right,
        "^": left ^ right,
        "<<": left << (right & 31),
        ">>": left >> (right & 31),
    }[op]
    return ((result + 2**31) & 0xFFFFFFFF) - 2**31
