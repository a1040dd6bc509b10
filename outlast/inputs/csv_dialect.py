"""The dialect of a CSV file: the marks between and around fields, and which lines are no rows."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from outlast.inputs.quoting import Patterns, patterns_for
from outlast.inputs.reading import Reading

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars", ":": "colons"}
"""The delimiters that are tried, in this order, and what they are called."""
_NO_QUOTE = "\0"
"""Stands for a quote where there is none. A NUL byte rejects its row in any dialect."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """See Reading. The default is RFC 4180."""

    delimiter: str = ","
    quote: str = '"'
    escape: str = ""
    comment: str = ""
    header_line: int | None = None
    names: tuple[str, ...] = ()
    units: bool = False
    nulls: frozenset[str] = frozenset()
    trim: bool = False

    @classmethod
    def of(cls, reading: Reading) -> "Dialect":
        """What is not known is as in RFC 4180."""
        return cls(
            delimiter=reading.delimiter or ",",
            quote='"' if reading.quote is None else reading.quote,
            escape=reading.escape or "",
            comment=reading.comment or "",
            header_line=reading.header_line,
            names=reading.names or (),
            units=bool(reading.units),
            nulls=frozenset(reading.nulls or ()),
            trim=bool(reading.trim),
        )

    @property
    def separator(self) -> bytes:
        return self.delimiter.encode()

    @property
    def quotes(self) -> bytes:
        """The quote, or NUL where there is none."""
        return (self.quote or _NO_QUOTE).encode()

    @property
    def blanks(self) -> bytes:
        """The bytes of a line that is no row: delimiters and blanks."""
        return self.separator + b" \t"

    @property
    def remark(self) -> bytes:
        """How a line begins that is a comment; empty where there are no comments."""
        return self.comment.encode()

    @property
    def patterns(self) -> Patterns:
        return patterns_for(self.delimiter, self.quote or _NO_QUOTE, self.escape)

    def reader(self, lines: Iterator[str]) -> Any:
        """A reader of Python's csv module."""
        return csv.reader(
            lines,
            delimiter=self.delimiter,
            quotechar=self.quote or None,
            escapechar=self.escape or None,
            quoting=csv.QUOTE_MINIMAL if self.quote else csv.QUOTE_NONE,
            strict=True,
        )


RFC_4180 = Dialect()
