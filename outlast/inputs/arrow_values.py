"""The values of a column of Arrow as Python has them, and as text."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast, overload

from outlast.inputs.arrow import load_arrow

_BEGIN = datetime(1970, 1, 1, tzinfo=UTC)


class Unreadable:
    """Stands for a value that Python cannot hold: a day after the year 9999, or text that is not UTF-8."""

    def __str__(self) -> str:
        return ""


UNREADABLE = Unreadable()


@dataclass(frozen=True, slots=True)
class Texts(Sequence[str]):
    """The values of a row as a reject shows them, made when they are asked for: most rows are not rejected."""

    values: Sequence[Any]

    def __len__(self) -> int:
        return len(self.values)

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> list[str]: ...
    def __getitem__(self, place: int | slice) -> str | list[str]:
        found = self.values[place]
        return [_text(value) for value in found] if isinstance(place, slice) else _text(found)


def python_values(column: Any) -> tuple[list[Any], bool]:
    """The values, and whether all of them can be read."""
    try:
        return _values(column), True
    except (OverflowError, ValueError, load_arrow().ArrowException):  # the last is of text that is not UTF-8
        return [_value(scalar) for scalar in column], False


def _values(column: Any) -> list[Any]:
    pa = load_arrow()
    kind = column.type
    if pa.types.is_timestamp(kind) and kind.unit == "us":
        begin = _BEGIN if kind.tz else _BEGIN.replace(tzinfo=None)
        return _moments(_numbers(column.cast(pa.int64())), begin)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return _numbers(column)
    if pa.types.is_string(kind):
        return _strings(column)
    return cast(list[Any], column.to_pylist(maps_as_pydicts="strict"))


def _numbers(column: Any) -> list[Any]:
    if not column.null_count:
        return _listed(column)
    values = iter(_listed(column.drop_null()))
    return [next(values) if valid else None for valid in column.is_valid().to_pylist()]


def _strings(column: Any) -> list[Any]:
    """Each different text is made into Python's once: that takes as long as anything else here."""
    coded = column.dictionary_encode()
    different: dict[int | None, str | None] = {None: None, **dict(enumerate(coded.dictionary.to_pylist()))}
    return [different[code] for code in _numbers(coded.indices)]


def _listed(numbers: Any) -> list[Any]:
    """By way of numpy: pyarrow's own `to_pylist` takes three to eight times as long. Its `to_numpy` and
    `fill_null` load pandas where that is installed, which takes 50 MB."""
    import numpy as np  # only where it is needed: it takes 15 MB

    return cast(list[Any], np.from_dlpack(numbers).tolist())


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _value(scalar: Any) -> Any:
    try:
        return scalar.as_py(maps_as_pydicts="strict")
    except (OverflowError, ValueError):
        return UNREADABLE


def types_of(kind: Any) -> list[str]:
    """The types of Python that take values of this type of Arrow as they are."""
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
    return [name for name, tests in checks.items() if any(test(kind) for test in tests)]


def _moments(counts: list[int | None], begin: datetime) -> list[datetime | None]:
    return [None if count is None else begin + timedelta(0, 0, count) for count in counts]
