"""Values of rows as JSON, as text that equal values share, and in an order that all of them have.

A value is None, text, a number, a Decimal, a date, a time, a duration or a UUID; a list or a dictionary of plain JSON
has no order. What JSON cannot say is written as an object of one member that names the type.
"""

import json
import math
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal
from typing import Any
from uuid import UUID

PLAIN = frozenset({str, int, float, bool, type(None)})
_READ: Mapping[str, Callable[[Any], Any]] = {
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "decimal": Decimal,
    "microseconds": lambda number: timedelta(microseconds=number),
    "uuid": UUID,
    "json": lambda value: value,
}
_ANY_DECIMAL = Context(prec=1_000_000, Emax=MAX_EMAX, Emin=MIN_EMIN)
_MICROSECOND = timedelta(microseconds=1)
LARGEST_EXPONENT = 400
"""Of a Decimal whose digits are counted out. More of them fill the memory, and doubles end before."""

to_json: Callable[[Any], str] = json.JSONEncoder(separators=(",", ":")).encode
"""JSON with whole numbers of any size, in ASCII and without blanks, tabs or line ends."""


def encode(value: Any) -> Any:
    """The value as JSON. Raises TypeError for one of another type."""
    if type(value) in PLAIN:
        return value
    if isinstance(value, datetime):
        return {"datetime": value.isoformat()}
    if isinstance(value, date | time):
        return {"date" if isinstance(value, date) else "time": value.isoformat()}
    if isinstance(value, Decimal):
        return {"decimal": str(value)}
    if isinstance(value, timedelta):
        return {"microseconds": value // _MICROSECOND}
    if isinstance(value, UUID):
        return {"uuid": str(value)}
    if isinstance(value, str | int | float):
        return _plain(value)
    if isinstance(value, dict | list | tuple):
        return {"json": json.loads(to_json(value))}
    raise TypeError(f"a value of type {type(value).__name__} cannot be kept in a group; give its text or its number")


def decode(encoded: Any) -> Any:
    """The value that `encode` was given. Of a subclass of text or number, such as an enum, its text or number."""
    if type(encoded) is not dict:
        return encoded
    [(kind, value)] = encoded.items()
    return _READ[kind](value)


def identity(value: Any) -> str:
    """Text that is the same for values that are equal, and differs for others: 5, 5.0 and True and 1 are equal."""
    if isinstance(value, str):
        return f"s{value}"
    if value is None:
        return "-"
    if isinstance(value, Decimal) and value.is_finite() and abs(value.adjusted()) > LARGEST_EXPONENT:
        return f"d{value.normalize(_ANY_DECIMAL)}"
    if isinstance(value, int | float | Decimal):
        return _ratio(value)
    if isinstance(value, datetime):
        return f"t{(value.astimezone(UTC) if value.tzinfo else value).isoformat()}"
    if isinstance(value, time) and (offset := value.utcoffset()) is not None:
        return f"time {(_since_midnight(value) - offset) // _MICROSECOND}"
    return f"{type(value).__name__} {to_json(encode(value))}"


def in_order(value: Any) -> tuple[Any, ...]:
    """A key by which values of any types are in one order: numbers, then text, then each other type."""
    if isinstance(value, int | float | Decimal):
        return 0, value
    if isinstance(value, str):
        return 1, value
    if isinstance(value, datetime):
        return (2, value) if value.tzinfo is None else (3, value)
    if isinstance(value, time) and value.utcoffset() is not None:
        return 4, "time with an offset", value
    if isinstance(value, date | time | timedelta | UUID):
        return 4, type(value).__name__, value
    raise TypeError(f"a {type(value).__name__} has no order; give text, a number, a date or a time")


def refuse_not_finite(value: Any) -> None:
    """Raise ValueError for NaN and infinities: no document can hold them."""
    if isinstance(value, float | Decimal) and not math.isfinite(value):
        raise ValueError(f"{value} cannot be aggregated; leave it out, by None or by a condition")


def _since_midnight(value: time) -> timedelta:
    return timedelta(hours=value.hour, minutes=value.minute, seconds=value.second, microseconds=value.microsecond)


def _plain(value: str | int | float) -> str | int | float:
    if isinstance(value, str):
        return str.__str__(value)
    return int(value) if isinstance(value, int) else float(value)


def _ratio(value: int | float | Decimal) -> str:
    if not math.isfinite(value):
        return f"n{value}"
    above, below = value.as_integer_ratio()
    return f"n{above}" if below == 1 else f"n{above}/{below}"
