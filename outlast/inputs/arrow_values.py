"""The values of a column of Arrow as Python has them, and as text."""

from datetime import UTC, datetime, timedelta
from typing import Any

from outlast.inputs.arrow import load_arrow

_BEGIN = datetime(1970, 1, 1, tzinfo=UTC)


class Unreadable:
    """Stands for a value that Python cannot hold: a day after the year 9999, or text that is not UTF-8."""

    def __str__(self) -> str:
        return ""


UNREADABLE = Unreadable()


def python_values(column: Any) -> tuple[list[Any], list[str], bool]:
    """The values, the texts that a reject shows, and whether all values can be read."""
    try:
        return *_values(column), True
    except (OverflowError, ValueError):
        values = [_value(scalar) for scalar in column]
        return values, ["" if value is None else str(value) for value in values], False


def _values(column: Any) -> tuple[list[Any], list[str]]:
    pa = load_arrow()
    kind = column.type
    if pa.types.is_timestamp(kind) and kind.unit == "us":
        begin = _BEGIN if kind.tz else _BEGIN.replace(tzinfo=None)
        values = _moments(column.cast(pa.int64()).to_pylist(), begin)  # pyarrow's own way takes eight times as long
        return values, ["" if value is None else str(value) for value in values]
    values = column.to_pylist(maps_as_pydicts="strict")
    if pa.types.is_string(kind) and not column.null_count:
        return values, values
    if pa.types.is_integer(kind) or pa.types.is_string(kind):
        return values, column.cast(pa.string()).fill_null("").to_pylist()
    return values, ["" if value is None else str(value) for value in values]


def _value(scalar: Any) -> Any:
    try:
        return scalar.as_py(maps_as_pydicts="strict")
    except (OverflowError, ValueError):
        return UNREADABLE


def is_of(kind: Any, wanted: str) -> bool:
    """Whether values of this type of Arrow are of that type of Python, or of one that it takes as they are."""
    pa = load_arrow()
    checks = {
        "int": [pa.types.is_integer],
        "float": [pa.types.is_floating, pa.types.is_integer],
        "str": [pa.types.is_string],
        "bool": [pa.types.is_boolean],
        "datetime": [pa.types.is_timestamp],
        "date": [pa.types.is_date32],
        "Decimal": [pa.types.is_decimal],
    }
    return any(check(kind) for check in checks.get(wanted, []))


def _moments(counts: list[int | None], begin: datetime) -> list[datetime | None]:
    return [None if count is None else begin + timedelta(0, 0, count) for count in counts]
