"""Scalar functions and operators, with Kusto's types: null is None, a text is never null."""

import json
import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.kusto.tokens import NotKusto

Value = Any
EPOCH = datetime(1, 1, 1, tzinfo=UTC)


def tostring(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "True" if value else "False"
    return json.dumps(value, separators=(",", ":")) if isinstance(value, dict | list) else str(value)


def todouble(value: Value) -> float | None:
    try:
        return None if value is None else float(value)
    except (TypeError, ValueError):
        return None


def tolong(value: Value) -> int | None:
    number = todouble(value)
    return None if number is None else math.trunc(number)


def tobool(value: Value) -> bool | None:
    """A text that is neither `true` nor `false` is null."""
    return {"true": True, "false": False}.get(str(value).lower())


def binned(value: Value, size: Value) -> Value:
    """Round down to a multiple of `size`."""
    if value is None:
        return None
    if isinstance(value, datetime):
        return EPOCH + ((value - EPOCH) // size) * size
    return math.floor(value / size) * size


def parse_json(value: Value) -> Value:
    try:
        return json.loads(value)
    except (TypeError, ValueError):
        return value


def case(*parts: Value) -> Value:
    for condition, value in zip(parts[0:-1:2], parts[1:-1:2], strict=True):
        if condition:
            return value
    return parts[-1]


FUNCTIONS: dict[str, Callable[..., Value]] = {
    "tostring": tostring,
    "todouble": todouble,
    "tolong": tolong,
    "tobool": tobool,
    "not": lambda value: None if value is None else not value,
    "parse_json": parse_json,
    "bin": binned,
    "case": case,
    "iff": lambda condition, yes, no: yes if condition else no,
    "isempty": lambda value: value in (None, ""),
    "isnotempty": lambda value: value not in (None, ""),
    "isnull": lambda value: value is None,
    "isnotnull": lambda value: value is not None,
    "bag_keys": lambda value: list(value) if isinstance(value, dict) else [],
}


def member(value: Value, key: Value) -> Value:
    """Return a member of a dynamic value, null where there is none."""
    if isinstance(value, dict):
        return value.get(str(key))
    return value[key] if isinstance(value, list) and isinstance(key, int) and key < len(value) else None


def compared(mark: str, left: Value, right: Value) -> bool:
    """Compare by `==`, `!=`, `<` … as the service does: null is equal to nothing."""
    if left is None or right is None:
        return mark == "!=" and left is not right
    if mark == "=~":
        return bool(str(left).lower() == str(right).lower())
    operations: dict[str, Callable[[Value, Value], bool]] = {
        "==": lambda a, b: a == b,
        "!=": lambda a, b: a != b,
        "<": lambda a, b: a < b,
        "<=": lambda a, b: a <= b,
        ">": lambda a, b: a > b,
        ">=": lambda a, b: a >= b,
    }
    return bool(operations[mark](left, right))


def calculated(mark: str, left: Value, right: Value) -> Value:
    """Add, subtract, multiply or divide. Null makes null, and two integers give an integer."""
    if left is None or right is None:
        return None
    if mark == "/" and isinstance(left, int) and isinstance(right, int):
        return None if right == 0 else math.trunc(left / right)
    operations: dict[str, Callable[[Value, Value], Value]] = {
        "+": lambda a, b: a + b,
        "-": lambda a, b: a - b,
        "*": lambda a, b: a * b,
        "/": lambda a, b: a / b if b else None,
    }
    return operations[mark](left, right)


def timespan(text: str) -> timedelta:
    """Return the value of a literal such as `30m`."""
    for ending, name in (("ms", "milliseconds"), ("d", "days"), ("h", "hours"), ("m", "minutes"), ("s", "seconds")):
        if text.endswith(ending):
            return timedelta(**{name: float(text.removesuffix(ending))})
    raise NotKusto(text)
