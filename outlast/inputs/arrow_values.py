"""The values of a column of Arrow as Python has them, and as text."""

from datetime import UTC, datetime, timedelta
from typing import Any

_BEGIN = datetime(1970, 1, 1, tzinfo=UTC)


def python_values(column: Any) -> tuple[list[Any], list[str]]:
    """The values, and the texts that a reject shows."""
    import pyarrow as pa  # only where it is needed

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


def _moments(counts: list[int | None], begin: datetime) -> list[datetime | None]:
    return [None if count is None else begin + timedelta(0, 0, count) for count in counts]
