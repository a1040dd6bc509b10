"""Dates and numbers as people write them."""

from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Annotated, Any

import pytest
from pydantic import ValidationError

from outlast.report import Date, ExcelDate, Number, Row, UnixTime
from outlast.wanted import wanted_of


class Written(Row):
    day: Annotated[date | None, Date("%d.%m.%Y")] = None
    at: Annotated[datetime, Date("%d/%m/%y %H:%M")] | None = None
    zoned: Annotated[datetime | None, Date("%Y%m%dT%H%M%S%z")] = None
    hour: Annotated[time | None, Date("%H.%M")] = None
    price: Annotated[Decimal | None, Number(decimal=",", thousands=".")] = None
    swiss: Annotated[float | None, Number(thousands="'")] = None
    blank: Annotated[int | None, Number(thousands=" ")] = None
    seconds: Annotated[datetime | None, UnixTime("s")] = None
    millis: Annotated[datetime | None, UnixTime("ms")] = None
    serial: Annotated[datetime | None, ExcelDate()] = None
    serial_day: Annotated[date | None, ExcelDate()] = None
    plain: float | None = None
    name: str | None = None


def read(**values: Any) -> Any:
    """The one value, as the row has it."""
    [name] = values
    return getattr(Written.model_validate(values), name)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("day", "31.01.2013", date(2013, 1, 31)),
        ("day", None, None),
        ("at", "01/02/13 17:05", datetime(2013, 2, 1, 17, 5)),  # noqa: DTZ001  # the form has no zone
        ("zoned", "20130201T170500+0100", datetime(2013, 2, 1, 17, 5, tzinfo=timezone(timedelta(hours=1)))),
        ("hour", "17.05", time(17, 5)),
        ("price", "1.234.567,89", Decimal("1234567.89")),
        ("price", "-1234,5", Decimal("-1234.5")),
        ("price", ",5", Decimal("0.5")),
        ("swiss", "1'234.5", 1234.5),
        ("blank", "1\u202f234\u00a0567", 1234567),
        ("seconds", "1357030000", datetime.fromisoformat("2013-01-01T08:46:40+00:00")),
        ("millis", 1357030000123, datetime.fromisoformat("2013-01-01T08:46:40.123+00:00")),
        ("millis", "-1", datetime.fromisoformat("1969-12-31T23:59:59.999+00:00")),
        ("serial", "41275.2", datetime(2013, 1, 1, 4, 48)),  # noqa: DTZ001  # a spreadsheet has no zone
        ("serial", 1, datetime(1900, 1, 1)),  # noqa: DTZ001
        ("serial", 61.0, datetime(1900, 3, 1)),  # noqa: DTZ001
        ("serial_day", "41275", date(2013, 1, 1)),
    ],
)
def test_values_are_read_in_their_form(name: str, text: Any, value: Any) -> None:
    """Text in the form that the annotation says becomes the value."""
    assert read(**{name: text}) == value


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("day", "2013-01-31", "date_form"),
        ("day", "31.02.2013", "date_form"),
        ("price", "1234.5", "number_form"),
        ("price", "1.23,4", "number_form"),
        ("price", "1_000", "number_form"),
        ("price", "", "number_form"),
        ("price", "-", "number_form"),
        ("seconds", "2013-01-01", "unix_time"),
        ("seconds", "1.5", "unix_time"),
        ("seconds", "9" * 19, "unix_time"),
        ("serial", "-1", "excel_date"),
        ("serial", 9_999_999, "excel_date"),
        ("serial", "2958465.9999999", "excel_date"),
        ("serial_day", "41275.5", "date_from_datetime_inexact"),
        ("plain", "1,5", "float_parsing"),
    ],
)
def test_other_forms_are_refused(name: str, text: Any, code: str) -> None:
    """Nothing else is read, and a field without an annotation keeps plain numbers."""
    if text == "":  # left to pydantic, as an empty text is None in CSV
        code = "decimal_parsing"
    with pytest.raises(ValidationError) as caught:
        read(**{name: text})
    assert caught.value.errors()[0]["type"] == code


def test_fields_that_read_their_own_form_are_no_numbers_of_the_file() -> None:
    """The marks of the file count for numbers without an annotation alone."""
    wanted = wanted_of(Written)
    assert (wanted.numbers, wanted.texts, wanted.needed) == (["plain"], ["name"], [])
    assert wanted.columns == list(Written.model_fields)
