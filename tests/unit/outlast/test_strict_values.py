from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import IntEnum
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, BeforeValidator, Field, TypeAdapter, ValidationError

from outlast.report import Row
from outlast.run_options import Options
from outlast.strict_values import StrictModel


def on_a_day(text: str) -> date:
    return datetime.strptime(text, "%Y%m%d").replace(tzinfo=UTC).date()


class Speed(IntEnum):
    slow = 1


class Inner(BaseModel):
    type: int = 0


@dataclass
class Point:
    x: int


class Every(StrictModel):
    at: datetime | None = None
    day: date | None = None
    hour: time | None = None
    lasts: timedelta | None = None
    whole: int | None = None
    real: float | None = None
    exact: Decimal | None = None
    at_least: Annotated[int, Field(ge=3)] | None = None
    several: list[int] | None = None
    by_day: dict[date, float] | None = None
    inner: Inner | None = None
    point: Point | None = None
    again: "Every | None" = None
    either: int | date | None = None
    speed: Speed | None = None
    compact: Annotated[date, BeforeValidator(on_a_day)] | None = None


def refusal(given: Mapping[str, Any]) -> tuple[str, str]:
    """The path of the first wrong value, and the code of its error."""
    with pytest.raises(ValidationError) as caught:
        Every.model_validate(given)
    first = caught.value.errors()[0]
    return ".".join(map(str, first["loc"])), first["type"]


NUMBERS = ("1_000", "\u0663\u0664", "(12.50)", "12%", "$12", "1,234", "nan", "inf", "0x1F", "1 234", "", "yes", True)


@pytest.mark.parametrize("value", NUMBERS)
@pytest.mark.parametrize("field", ["whole", "real", "exact", "at_least", "speed"])
def test_what_is_no_number_in_json_or_csv_is_refused(field: str, value: object) -> None:
    """A number is read from ASCII digits with sign, point and exponent; a boolean is no number."""
    assert refusal({field: value})[0] == field


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("whole", "1_000", "int_parsing"),
        ("real", "1_000", "float_parsing"),
        ("exact", "1_000", "decimal_parsing"),
        ("whole", True, "int_type"),
        ("real", True, "float_type"),
        ("exact", True, "decimal_type"),
        ("at_least", "2", "greater_than_equal"),
        ("whole", 1.5, "int_from_float"),
        ("at", "2013-13-01", "datetime_from_date_parsing"),
    ],
)
def test_the_code_says_what_is_wrong(field: str, value: object, code: str) -> None:
    """A wrong type, a wrong text and a broken constraint have codes of their own."""
    assert refusal({field: value}) == (field, code)


@pytest.mark.parametrize(
    ("field", "value", "read"),
    [
        ("whole", " 12 ", 12),
        ("whole", "+12", 12),
        ("whole", "012", 12),
        ("whole", "1.0", 1),
        ("whole", 5.0, 5),
        ("whole", "99999999999999999999999", 99999999999999999999999),
        ("real", "-0.5e3", -500.0),
        ("real", ".5", 0.5),
        ("real", 7, 7.0),
        ("exact", "19.99", Decimal("19.99")),
        ("exact", Decimal("0.10"), Decimal("0.10")),
        ("speed", "1", Speed.slow),
        ("at", "2013-01-01T10:00:00Z", datetime(2013, 1, 1, 10, tzinfo=UTC)),
        ("at", "2013-01-01", datetime(2013, 1, 1)),  # noqa: DTZ001  # text without a zone is read without one
        ("at", datetime(2013, 1, 1, tzinfo=UTC), datetime(2013, 1, 1, tzinfo=UTC)),
        ("day", "2013-01-31", date(2013, 1, 31)),
        ("hour", "05:00", time(5)),
        ("lasts", "PT5M", timedelta(minutes=5)),
        ("lasts", "00:05:00", timedelta(minutes=5)),
        ("either", "2013-01-31", date(2013, 1, 31)),
        ("compact", "20130131", date(2013, 1, 31)),
        ("point", {"x": "1"}, Point(1)),
    ],
)
def test_what_csv_and_json_write_is_read(field: str, value: object, read: object) -> None:
    """ISO 8601 text is a date or a time, digits are a number, and a BeforeValidator may read another form."""
    assert getattr(Every.model_validate({field: value}), field) == read


@pytest.mark.parametrize("value", ["20130101", "20130101050000", "2013", "41275.2", "-1", "0", 0, 1357e6, True])
@pytest.mark.parametrize("field", ["at", "day", "hour", "lasts"])
def test_digits_are_no_date_and_no_time(field: str, value: object) -> None:
    """Digits alone, as text or as a JSON number, are neither a date nor a time nor a duration."""
    assert refusal({field: value})[0] == field


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"several": ["1", "1_0"]}, "several.1"),
        ({"by_day": {"20130101": 1.0}}, "by_day.20130101.[key]"),
        ({"by_day": {"2013-01-01": True}}, "by_day.2013-01-01"),
        ({"inner": {"type": True}}, "inner.type"),
        ({"point": {"x": "1_0"}}, "point.x"),
        ({"again": {"again": {"day": "0"}}}, "again.again.day"),
        ({"either": True}, "either.int"),
    ],
)
def test_the_guard_is_at_every_depth(given: Mapping[str, Any], path: str) -> None:
    """Lists, dictionaries, unions, dataclasses and other models inside a model are read as strictly as its fields."""
    assert refusal(given)[0] == path


def test_a_model_that_is_completed_later_is_strict() -> None:
    """A model that names a class defined after it is strict as soon as it is complete."""

    class Early(StrictModel):
        late: "Late"

    class Late(BaseModel):
        day: date

    assert Early.model_rebuild()
    with pytest.raises(ValidationError, match="date such as"):
        Early.model_validate({"late": {"day": "20130101"}})


def test_the_schema_that_is_shown_is_that_of_the_fields() -> None:
    """Callers see the same JSON Schema as without the guards."""

    class Lax(BaseModel):
        day: date
        whole: int = Field(ge=3)

    class Strict(StrictModel):
        day: date
        whole: int = Field(ge=3)

    assert {**Strict.model_json_schema(), "title": ""} == {**Lax.model_json_schema(), "title": ""}


def test_rows_parameters_and_options_are_strict() -> None:
    """Whatever comes from a caller is read in the same way."""
    assert issubclass(Row, StrictModel)
    assert issubclass(Options, StrictModel)
    with pytest.raises(ValidationError):
        TypeAdapter(list[Options]).validate_python([{"max_parallel": "1_0"}])
