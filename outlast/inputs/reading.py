"""How an input is read: its format, compression, encoding and dialect, as they are said and as they are found."""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from typing import Any

from outlast.inputs.types import BadInput
from outlast.models import Json, Payload
from outlast.number_text import is_same_mark

UTF_8 = "utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading(Payload):
    """A member that is None is not known: nobody has said it, and it is not found yet.

    `header_line` counts lines from 1; 0 means that there is no header. `names` are the columns then, or instead of
    those in the header. `units` says that the line after the header is none of the rows.
    `widths` are the columns of fixed-width text: name, first character from 0 on, and the character after the last.
    """

    format: str | None = None
    """csv, jsonl, json, fixed, excel or parquet."""
    compression: str | None = None
    """gzip, zstd, bzip2, xz or zip; empty for none."""
    member: str | None = None
    """The file inside a zip archive that is read."""
    encoding: str | None = None
    delimiter: str | None = None
    quote: str | None = None
    """Empty where no character quotes."""
    escape: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    header_line: int | None = None
    names: tuple[str, ...] | None = None
    units: bool | None = None
    comment: str | None = None
    nulls: tuple[str, ...] | None = None
    trim: bool | None = None
    path: str | None = None
    sheet: str | int | None = None
    widths: tuple[tuple[str, int, int], ...] | None = None
    exact: tuple[str, ...] | None = None
    """Members of JSON whose numbers are read with all their digits, because the report wants Decimals."""
    typed: bool | None = None
    """Each column of Parquet has the type that the row class wants, so that no value needs a closer look."""

    @classmethod
    def from_dict(cls, data: Json) -> "Reading":
        """See Payload. JSON has lists where this has tuples."""
        known = {f.name for f in fields(cls)}
        return cls(**{name: _frozen(value) for name, value in data.items() if name in known})

    def said(self) -> Json:
        """The members that are known."""
        return {f.name: value for f in fields(self) if (value := getattr(self, f.name)) is not None}

    def over(self, other: "Reading") -> "Reading":
        """This reading, with what it leaves open taken from the other."""
        return replace(other, **self.said())

    def refuse_same_marks(self) -> None:
        """Raise BadInput where one mark stands for two: what a start says may not fit what its report says."""
        if is_same_mark(self.decimal, self.thousands):
            text = f"Thousands are said to be separated by {self.thousands!r}, which is the decimal mark"
            raise BadInput("thousands", f"{text}. Say decimal, or another thousands.")
        quote = '"' if self.quote is None else self.quote
        if quote and quote == self.delimiter:
            raise BadInput("quote", f"Quote and delimiter are both {quote!r}. Say another quote, or none.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted(Payload):
    """What a report reads. `needed` are the columns that must be there. `columns` are all, None where any may be read.

    `texts` are the columns whose values are text, `numbers` those whose values are numbers, `decimals` those that may
    be Decimals.
    """

    needed: list[str]
    columns: list[str] | None = None
    texts: list[str]
    numbers: list[str]
    decimals: list[str] = field(default_factory=list)
    kinds: dict[str, str] = field(default_factory=dict)
    """The name of the one type that a column has in the row class; "" where there are several, or another one."""

    @classmethod
    def anything(cls) -> "Wanted":
        return cls(needed=[], texts=[], numbers=[])

    def missing(self, columns: Iterable[str]) -> list[str]:
        """The needed columns that are not among these."""
        found = set(columns)
        return [name for name in self.needed if name not in found]


def _frozen(value: Any) -> Any:
    return tuple(_frozen(one) for one in value) if isinstance(value, list | tuple) else value
