"""The built-in functions of dates. Inside they are ticks: whole numbers of 100 nanoseconds since 1970, in UTC."""

import calendar
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from local.cosmos.query.string_functions import Functions
from local.cosmos.query.values import UNDEFINED, number

DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,7}))?Z)?", re.ASCII)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TICKS = {  # in one unit; a nanosecond is less than a tick
    "day": 864_000_000_000, "hour": 36_000_000_000, "minute": 600_000_000, "second": 10_000_000,
    "millisecond": 10_000, "microsecond": 10, "nanosecond": 0,
}  # fmt: skip
NAMES = {
    "yyyy": "year", "yy": "year", "mm": "month", "m": "month", "dd": "day", "d": "day", "hh": "hour", "mi": "minute",
    "n": "minute", "ss": "second", "s": "second", "ms": "millisecond", "mcs": "microsecond", "ns": "nanosecond",
}  # fmt: skip
NANOSECONDS = 100  # of a tick


class NoDate(Exception):
    """An argument that is no date, no part of one, or no whole number makes the result undefined."""


def _defined(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*arguments: Any) -> Any:
        try:
            return function(*arguments)
        except (NoDate, ValueError, OverflowError):
            return UNDEFINED

    return call


def _read(text: Any) -> int:
    """The ticks of a date; raises NoDate."""
    found = DATE.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise NoDate
    year, month, day, hour, minute, second, fraction = found.groups("0")
    whole = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second), tzinfo=UTC) - EPOCH
    return (whole.days * 86400 + whole.seconds) * TICKS["second"] + int(fraction.ljust(7, "0"))


def _write(ticks: int) -> str:
    """The date of a number of ticks, with seven digits of the second."""
    seconds, fraction = divmod(ticks, TICKS["second"])
    return f"{EPOCH + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S}.{fraction:07}Z".rjust(28, "0")


def _part(name: Any) -> str:
    lower = name.lower() if isinstance(name, str) else ""
    part = NAMES.get(lower, lower)
    if part not in TICKS and part not in {"year", "month"}:
        raise NoDate
    return part


def _whole(value: Any) -> int:
    if not number(value) or not float(value).is_integer():
        raise NoDate
    return int(value)


def _months(ticks: int) -> int:
    date = EPOCH + timedelta(seconds=ticks // TICKS["second"])
    return date.year * 12 + date.month - 1


def _plus_months(ticks: int, months: int) -> int:
    """The same day of another month, or its last day."""
    rest, date = ticks % TICKS["day"], EPOCH + timedelta(seconds=ticks // TICKS["second"])
    year, month = divmod(_months(ticks) + months, 12)
    day = min(date.day, calendar.monthrange(year, month + 1)[1])
    return (datetime(year, month + 1, day, tzinfo=UTC) - EPOCH).days * TICKS["day"] + rest


def _add(name: Any, count: Any, text: Any) -> str:
    part, amount, ticks = _part(name), _whole(count), _read(text)
    if part in {"year", "month"}:
        return _write(_plus_months(ticks, amount * (12 if part == "year" else 1)))
    return _write(ticks + (amount * TICKS[part] if TICKS[part] else amount // NANOSECONDS))


def _difference(name: Any, start: Any, end: Any) -> int:
    """How many boundaries of the part lie between two dates."""
    part, first, last = _part(name), _read(start), _read(end)
    if part in {"year", "month"}:
        size = 12 if part == "year" else 1
        return _months(last) // size - _months(first) // size
    return last // TICKS[part] - first // TICKS[part] if TICKS[part] else (last - first) * NANOSECONDS


def _part_of(name: Any, text: Any) -> int:
    part, ticks = _part(name), _read(text)
    fraction = ticks % TICKS["second"]
    if part == "nanosecond":
        return fraction * NANOSECONDS
    if part in {"millisecond", "microsecond"}:
        return fraction // TICKS[part]
    value: int = getattr(EPOCH + timedelta(seconds=ticks // TICKS["second"]), part)
    return value


def _bin(text: Any, name: Any, size: Any = 1, start: Any = "1970-01-01T00:00:00.0000000Z") -> str:
    """The start of the bin that holds a date."""
    ticks, part, width, origin = _read(text), _part(name), _whole(size), _read(start)
    if width < 1:
        raise NoDate
    if part in {"year", "month"}:
        width *= 12 if part == "year" else 1
        return _write(_plus_months(origin, (_months(ticks) - _months(origin)) // width * width))
    width = width * TICKS[part] if TICKS[part] else max(1, width // NANOSECONDS)
    return _write((ticks - origin) // width * width + origin)


def _from_parts(year: Any, month: Any, day: Any, *rest: Any) -> str:
    hour, minute, second, fraction = [*map(_whole, rest), 0, 0, 0, 0][:4]
    moment = datetime(_whole(year), _whole(month), _whole(day), hour, minute, second, tzinfo=UTC)
    if not 0 <= fraction < TICKS["second"]:
        raise NoDate
    return _write(_read(f"{moment:%Y-%m-%dT%H:%M:%SZ}".rjust(20, "0")) + fraction)


def _now() -> int:
    return time.time_ns() // NANOSECONDS


DATE_FUNCTIONS: Functions = {
    "DATETIMEADD": (3, 3, _defined(_add)),
    "DATETIMEBIN": (2, 4, _defined(_bin)),
    "DATETIMEDIFF": (3, 3, _defined(_difference)),
    "DATETIMEFROMPARTS": (3, 7, _defined(_from_parts)),
    "DATETIMEPART": (2, 2, _defined(_part_of)),
    "DATETIMETOTICKS": (1, 1, _defined(_read)),
    "DATETIMETOTIMESTAMP": (1, 1, _defined(lambda text: _read(text) // TICKS["millisecond"])),
    "TICKSTODATETIME": (1, 1, _defined(lambda ticks: _write(_whole(ticks)))),
    "TIMESTAMPTODATETIME": (1, 1, _defined(lambda value: _write(_whole(value) * TICKS["millisecond"]))),
    **{f"GETCURRENTDATETIME{static}": (0, 0, lambda: _write(_now())) for static in ("", "STATIC")},
    **{f"GETCURRENTTICKS{static}": (0, 0, _now) for static in ("", "STATIC")},
    **{f"GETCURRENTTIMESTAMP{static}": (0, 0, lambda: _now() // TICKS["millisecond"]) for static in ("", "STATIC")},
}
