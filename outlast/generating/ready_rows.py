"""Rows that need no validation of their own, because whole columns of their chunk were validated at once."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
from pydantic import ValidationError

from outlast.generating.columns import Columns, columns_of
from outlast.generating.field_values import field_values
from outlast.generating.row_window import RowWindow
from outlast.inputs import BadRow, InputRow
from outlast.inputs.arrow_frames import is_overlong, rows_of_values, stretches
from outlast.inputs.arrow_values import Texts
from outlast.report import Row

MakeRow = Callable[[dict[str, Any]], Row]


def of_lines(row: type[Row], window: RowWindow, data: bytes) -> Iterator[InputRow] | None:
    """The rows of a clean chunk of CSV, each with an instance of the row class as its values.

    None where anything about the chunk is doubtful. The row class must be plain.
    """
    columns = columns_of(row, window.columns, data) if data else None
    return None if columns is None else _of_lines(row, columns, window.row, data)


def of_frame(row: type[Row], window: RowWindow, data: bytes) -> Iterator[InputRow | BadRow] | None:
    """The same of a frame whose columns have the types of the row class. Where a value is refused, the values of the
    rows around it are those of the frame."""
    if is_overlong(data) or not set(row.model_fields) <= set(window.columns):
        return None
    return _of_frame(row, window.columns, stretches(data, window.row - window.before), window.before)


def _of_frame(
    row: type[Row], columns: Sequence[str], read: Iterator[tuple[int, Sequence[Sequence[Any]], bool]], before: int
) -> Iterator[InputRow | BadRow]:
    names, make = list(row.model_fields), maker(row)
    places = [columns.index(name) for name in names]
    for first, values, sound in read:
        try:
            valid = [field_values(row, name, values[at], typed=True) for name, at in zip(names, places, strict=True)]
        except ValidationError:
            for unready in rows_of_values(first, columns, values, sound):
                yield unready._replace(number=unready.number + before)
            continue
        pairs = zip(zip(*valid, strict=True), zip(*values, strict=True), strict=True)
        for number, (one, shown) in enumerate(pairs, first + before):
            yield InputRow(number, 0, make(dict(zip(names, one, strict=True))), Texts(shown))


def _of_lines(row: type[Row], columns: Columns, number: int, data: bytes) -> Iterator[InputRow]:
    names, make, begin = list(columns.of), maker(row), 0
    values = zip(*(_listed(one.values, one.codes) for one in columns.of.values()), strict=True)
    for at, (end, one) in enumerate(zip(columns.ends.tolist(), values, strict=True), number):
        yield InputRow(at, end, make(dict(zip(names, one, strict=True))), Line(data, begin, end))
        begin = end


def _listed(values: Sequence[Any], codes: Any) -> list[Any]:
    """The value of each row."""
    different = np.empty(len(values), object)
    different[:] = values
    found: list[Any] = different[codes].tolist()
    return found


def maker(row: type[Row]) -> MakeRow:
    """What makes an instance of a plain row class of valid values, by the name of each field.

    Pydantic's own `model_construct` takes longer than validation does.
    """
    new, set_member, fields = row.__new__, object.__setattr__, set(row.model_fields)

    def make(values: dict[str, Any]) -> Row:
        made = new(row)
        set_member(made, "__dict__", values)
        set_member(made, "__pydantic_fields_set__", fields)
        set_member(made, "__pydantic_extra__", None)
        set_member(made, "__pydantic_private__", None)
        return made

    return make


@dataclass(slots=True)
class Line(Sequence[str]):
    """The texts of a row as a reject shows them, made when they are asked for: most rows are not rejected."""

    data: bytes
    begin: int
    end: int

    def __len__(self) -> int:
        return len(self.texts())

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> list[str]: ...
    def __getitem__(self, place: int | slice) -> str | list[str]:
        return self.texts()[place]

    def texts(self) -> list[str]:
        return self.data[self.begin : self.end].rstrip(b"\r\n").decode().split(",")
