"""Dates and numbers as people write them, as annotations of a row's fields.

arrived: Annotated[date, Date("%d.%m.%Y")]
price: Annotated[Decimal, Number(decimal=",", thousands=".")]
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from outlast.number_text import NumberFormat

_DATE_PARTS, _TIME_PARTS = frozenset("YymdBbjGVuUW"), frozenset("HIMSfpzT")
_EXCEL_BEGINS, _LEAP_ERROR = datetime(1899, 12, 30), 60  # noqa: DTZ001  # a spreadsheet's days have no time zone
_UNITS = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_WHOLE = re.compile(r"[+-]?[0-9]{1,19}")
_DECIMAL = re.compile(r"[0-9]{1,7}(?:\.[0-9]+)?")


class _Read:
    """Reads text before pydantic does. What is no text, or empty, is left to pydantic."""

    def read(self, text: str) -> Any:
        raise NotImplementedError

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self._before(source), handler(source))

    def _before(self, source: Any) -> Callable[[Any], Any]:
        return lambda value: self.read(value.strip()) if isinstance(value, str) and value.strip() else value


@dataclass(frozen=True, slots=True)
class Date(_Read):
    """A date, time or both in the form of Python's strptime. `Date("%d.%m.%Y")` reads 31.01.2013 and nothing else."""

    form: str

    def read(self, text: str) -> Any:
        try:
            found = datetime.strptime(text, self.form)  # noqa: DTZ007  # the form says whether there is a zone
        except ValueError:
            raise _wrong("date_form", "Input should be a date in the form {form}", form=self.form) from None
        parts = set(re.findall(r"%(.)", self.form))
        if parts & _TIME_PARTS:
            return found if parts & _DATE_PARTS else found.timetz()
        return found.date()


@dataclass(frozen=True, slots=True)
class Number(_Read):
    """A number with these marks. `Number(decimal=",", thousands=".")` reads 1.234,50. A missing mark is allowed."""

    decimal: str = "."
    thousands: str = ""

    def __post_init__(self) -> None:
        self._form()  # raises where the report is loaded, not at its first row

    def read(self, text: str) -> str:
        plain = self._form().plain(text)
        if plain is None:
            example = self._form().example()
            raise _wrong("number_form", "Input should be a number such as {example}", example=example)
        return plain

    def _form(self) -> NumberFormat:
        return NumberFormat(self.decimal, self.thousands)


@dataclass(frozen=True, slots=True)
class UnixTime(_Read):
    """Time since 1970 in UTC, in seconds or thousandths: text of digits, or a whole number of JSON."""

    unit: Literal["s", "ms", "us", "ns"] = "s"

    def read(self, text: str) -> datetime:
        if not _WHOLE.fullmatch(text):
            raise self._fault()
        return self._at(int(text))

    def _before(self, source: Any) -> Callable[[Any], Any]:
        text = _Read._before(self, source)
        return lambda value: self._at(value) if type(value) is int else text(value)

    def _at(self, number: int) -> datetime:
        try:
            return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=number * 1_000_000 // _UNITS[self.unit])
        except OverflowError:
            raise self._fault() from None

    def _fault(self) -> PydanticCustomError:
        return _wrong("unix_time", "Input should be a whole number of {unit} since 1970", unit=self.unit)


@dataclass(frozen=True, slots=True)
class ExcelDate(_Read):
    """A day as a spreadsheet counts it: 1 is 1900-01-01, the fraction is the time. To the nearest second."""

    def read(self, text: str) -> datetime:
        if not _DECIMAL.fullmatch(text):
            raise _wrong("excel_date", "Input should be a day of a spreadsheet, such as 45688 or 45688.5")
        return excel_day(float(text))

    def _before(self, source: Any) -> Callable[[Any], Any]:
        text = _Read._before(self, source)
        return lambda value: excel_day(float(value)) if type(value) in (int, float) else text(value)


def excel_day(number: float, begins_1904: bool = False) -> datetime:
    """The time of a spreadsheet's day. Excel takes 1900 for a leap year, so its days before 60 are one less."""
    days = number + (1462 if begins_1904 else 0)
    if not math.isfinite(number) or number < 0 or round(days * 86_400) >= 2_958_466 * 86_400:
        raise _wrong("excel_date", "Input should be a day of a spreadsheet, from 1900 to 9999")
    begins = _EXCEL_BEGINS + timedelta(days=0 if days >= _LEAP_ERROR else 1)
    return begins + timedelta(seconds=round(days * 86_400))


def _wrong(code: str, message: str, **context: str) -> PydanticCustomError:
    return PydanticCustomError(code, message, context)
