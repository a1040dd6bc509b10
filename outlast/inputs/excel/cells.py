"""What a cell of a workbook holds."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple, Protocol

from outlast.row_types import excel_day

MOST_ROWS, MOST_COLUMNS = 1_048_576, 16_384
"""Of a sheet, in Excel and LibreOffice."""
_BUILT_IN_DATES = frozenset({14, 15, 16, 17, 22, *range(27, 37), *range(50, 59)})
_BUILT_IN_TIMES = frozenset({18, 19, 20, 21, 45, 47})
_BUILT_IN_DURATIONS = frozenset({46})
_NO_PARTS = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]')
"""What a format has beside its parts: quoted texts, escapes, spaces, colours and conditions."""


class CellError(NamedTuple):
    """An error that stands in a cell, such as #DIV/0!."""

    text: str


Cell = str | bool | int | float | date | datetime | time | timedelta | CellError | None
Row = dict[int, Cell]
"""Cells by the number of their column, from 0 on."""


class Sheets(Protocol):
    """A workbook that is open."""

    def names(self) -> list[str]:
        """The sheets in their order."""
        ...

    def rows(self, sheet: int) -> Iterator[tuple[int, Row]]:
        """Number, from 1 on, and cells of each row that has any."""
        ...


@dataclass(frozen=True, slots=True)
class Formats:
    """How numbers are shown. `styles` has the number format of each style, `own` the formats of the workbook itself."""

    styles: tuple[int, ...]
    own: dict[int, str]
    begins_1904: bool = False

    def value(self, number: float, style: int) -> Cell:
        """The number, or what it is if its style shows a date, a time or a duration."""
        kind = self._kind(style)
        if kind == "number" or not math.isfinite(number):
            return number_of(number)
        try:
            if kind == "duration":
                return timedelta(seconds=round(number * 86_400))
            if kind == "time" and 0 <= number < 1:
                return time_of(timedelta(seconds=round(number * 86_400)))
            found = excel_day(number, self.begins_1904)
        except (ValueError, OverflowError):
            return CellError(f"{number:g}, which is no {'duration' if kind == 'duration' else 'date'}")
        return found.date() if found.time() == time() else found

    def _kind(self, style: int) -> str:
        code = self.styles[style] if style < len(self.styles) else 0
        if code in self.own:
            return _kind_of(self.own[code])
        if code in _BUILT_IN_DATES:
            return "date"
        if code in _BUILT_IN_DURATIONS:
            return "duration"
        return "time" if code in _BUILT_IN_TIMES else "number"


@lru_cache(maxsize=256)
def _kind_of(code: str) -> str:
    """What a format of the workbook's own shows."""
    parts = _NO_PARTS.sub("", code.split(";")[0]).lower()
    if "[" in parts:
        return "duration"
    if "general" in parts or "standard" in parts or not re.search("[dmyhs]", parts):
        return "number"
    return "date" if re.search("[dy]", parts) or not re.search("[hs]", parts) else "time"


def time_of(since_midnight: timedelta) -> time:
    return (datetime(1, 1, 1) + since_midnight).time()  # noqa: DTZ001  # only the time of day is taken


def whole(number: float) -> int | float:
    """A whole number as such, where a double holds it exactly."""
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def number_of(number: float) -> Cell:
    """A number of a cell. JSON has no infinity: it would be an empty cell."""
    return whole(number) if math.isfinite(number) else CellError(f"{number:g}, which is no number")


def dated(text: str) -> Cell:
    """A date or time by ISO 8601. A workbook's have no zone, even where a program writes one."""
    try:
        found = datetime.fromisoformat(text.removesuffix("Z"))
    except ValueError:
        return CellError(f"{text[:60]}, which is no date")
    found = found.replace(tzinfo=None)
    return found.date() if found.time() == time() else found
