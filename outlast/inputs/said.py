"""What a report or a start can say about its inputs. A member that is None is found, or is as usual."""

import re
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from outlast.inputs.json_path import steps_of
from outlast.inputs.reading import Reading
from outlast.inputs.transcoding import known_encoding
from outlast.number_text import is_same_mark

_NAMED = {"tab": "\t", "\\t": "\t", "space": " ", "comma": ",", "semicolon": ";", "none": "", "pipe": "|"}
_NO_MARK = re.compile(r"[\w\r\n\0]", re.ASCII)


def _mark(value: Any) -> Any:
    """A mark by its name: `tab`, `space`, `none`, …"""
    return _NAMED.get(value, value) if isinstance(value, str) else value


def _is_mark(value: str) -> str:
    if len(value) > 1 or not value.isascii() or _NO_MARK.match(value):
        raise ValueError("must be one ASCII character that is no letter, digit or line end; or tab, space, none")
    return value


def _is_delimiter(value: str) -> str:
    if not value:
        raise ValueError("must be one character")
    return value


def _is_encoding(value: str) -> str:
    return known_encoding(value)  # BadInput is a ValueError


def _is_path(value: str) -> str:
    steps_of(value)
    return value


def _texts(value: Any) -> Any:
    """Texts in a query are separated by commas."""
    return value.split(",") if isinstance(value, str) else value


def _sheet(value: Any) -> Any:
    """A sheet by its number is up to four digits in a query."""
    return int(value) if isinstance(value, str) and re.fullmatch("[0-9]{1,4}", value) else value


Mark = Annotated[str, BeforeValidator(_mark), AfterValidator(_is_mark)]
Delimiter = Annotated[Mark, AfterValidator(_is_delimiter)]
Thousands = Annotated[str, BeforeValidator(_mark), Field(max_length=1, pattern=r"^[^0-9A-Za-z+-]?$")]
Decimal = Annotated[str, Field(pattern=r"^[.,]$")]
Encoding = Annotated[str, AfterValidator(_is_encoding)]
Nulls = Annotated[tuple[str, ...], BeforeValidator(_texts)]
Sheet = Annotated[Annotated[int, Field(ge=1, le=9999)] | Annotated[str, Field(max_length=64)], BeforeValidator(_sheet)]
JsonPath = Annotated[str, Field(max_length=200), AfterValidator(_is_path)]
HeaderLine = Annotated[int, Field(ge=0, le=1000)]
Comment = Annotated[str, Field(min_length=1, max_length=8)]


class Form(BaseModel):
    """The form of a report's inputs: `dialect = Csv(delimiter=";")`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def reading(self) -> Reading:
        """What is said."""
        return Reading.from_dict(self.model_dump(exclude_none=True))


class Csv(Form):
    """CSV in any dialect. `header_line` 0: there is no header, and the columns are `names`, or the row's fields in
    their order. `units`: the line after the header is none of the rows. `trim`: blanks around values do not count."""

    delimiter: Delimiter | None = None
    quote: Mark | None = None
    escape: Mark | None = None
    encoding: Encoding | None = None
    decimal: Decimal | None = None
    thousands: Thousands | None = None
    header_line: HeaderLine | None = None
    names: tuple[str, ...] | None = None
    units: bool | None = None
    comment: Comment | None = None
    nulls: tuple[str, ...] | None = None
    trim: bool | None = None

    @model_validator(mode="after")
    def _marks_differ(self) -> "Csv":
        if self.delimiter and self.delimiter == self.quote:
            raise ValueError("delimiter and quote must differ")
        return _with_marks_of_numbers(self)

    def reading(self) -> Reading:
        """Names that are given stand for a header that is not there."""
        said = {"header_line": 0} if self.names and self.header_line is None else {}
        return Reading.from_dict({**self.model_dump(exclude_none=True), **said})


class Json(Form):
    """JSON: the rows are the members of the array at `path`, such as `$.value`."""

    path: JsonPath | None = None
    encoding: Encoding | None = None


class Excel(Form):
    """A workbook. `sheet` is a name, or a number from 1 on."""

    sheet: int | str | None = None
    header_line: HeaderLine | None = None
    names: tuple[str, ...] | None = None
    units: bool | None = None
    nulls: tuple[str, ...] | None = None


class FixedWidth(Form):
    """Text whose columns stand at the same characters of each line: `columns = {"id": (0, 5), "name": (5, 25)}`.

    The first character is 0; the second number is that after the last. There is no header, unless `header_line` says
    how many lines come first.
    """

    columns: dict[str, tuple[int, int]]
    encoding: Encoding | None = None
    decimal: Decimal | None = None
    thousands: Thousands | None = None
    header_line: HeaderLine | None = None
    comment: Comment | None = None
    nulls: tuple[str, ...] | None = None

    @model_validator(mode="after")
    def _columns_have_width(self) -> "FixedWidth":
        for name, (start, end) in self.columns.items():
            if not 0 <= start < end:
                raise ValueError(f"column {name!r} must begin before it ends, but is ({start}, {end})")
        return self

    @model_validator(mode="after")
    def _marks_differ(self) -> "FixedWidth":
        return _with_marks_of_numbers(self)

    def reading(self) -> Reading:
        said = self.model_dump(exclude_none=True, exclude={"columns"})
        widths = [(name, start, end) for name, (start, end) in self.columns.items()]
        return Reading.from_dict({"header_line": 0, **said, "format": "fixed", "widths": widths})


_Numbers = TypeVar("_Numbers", Csv, FixedWidth)


def _with_marks_of_numbers(form: _Numbers) -> _Numbers:
    if is_same_mark(form.decimal, form.thousands):
        raise ValueError("decimal and thousands must differ")
    return form
