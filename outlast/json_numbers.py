"""Finds the numbers that would not come back from JSON as they went in."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

LARGEST_EXACT = 2**53 - 1
"""The database keeps numbers as doubles. Larger integers may be rounded."""
_NO_NUMBERS = frozenset({str, bool, type(None)})


def is_not_finite(number: int | float) -> bool:
    """JSON has no NaN and no infinity."""
    return isinstance(number, float) and not math.isfinite(number)


def is_not_kept(number: int | float) -> bool:
    """Whether the database would refuse or round the number."""
    return is_not_finite(number) or (isinstance(number, int) and abs(number) > LARGEST_EXACT)


def find_number(value: Any, wrong: Callable[[int | float], bool]) -> str | None:
    """The path of the first wrong number in a JSON value, such as `rates.3`; None where no number is wrong."""
    path = _find(value, wrong)
    return None if path is None else ".".join(path)


def _find(value: Any, wrong: Callable[[int | float], bool]) -> list[str] | None:
    if isinstance(value, int | float):
        return [] if not isinstance(value, bool) and wrong(value) else None
    for name, member in _members(value):
        if type(member) not in _NO_NUMBERS and (inner := _find(member, wrong)) is not None:
            return [str(name), *inner]
    return None


def _members(value: Any) -> Iterable[tuple[Any, Any]]:
    if isinstance(value, Mapping):
        return value.items()
    if isinstance(value, list | tuple):
        return enumerate(value)
    if is_dataclass(value):
        return ((field.name, getattr(value, field.name)) for field in fields(value))
    return ()
