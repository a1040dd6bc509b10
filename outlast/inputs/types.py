"""The types that an input format takes and returns."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

MAX_RECORD = 8 * 1024 * 1024
"""Bytes, with the line end: four times the largest document. A record of this size or more is rejected as `too_long`
and never held in memory."""

MAX_FIELD_SHOWN = 10_000
"""Characters of a field that a reject repeats. A field of many megabytes would make the rejects file unreadable, for
the csv module too."""

HEAD_BYTES = 1024 * 1024
"""Bytes at the beginning of an input in which its header is looked for."""


class BadInput(ValueError):
    """The input as a whole cannot be used. The text says what is wrong and what to do about it."""

    def __init__(self, field: str, message: str) -> None:
        """`field` is "body", "header", "filename" or "content-type"."""
        super().__init__(message)
        self.field = field


class IncompleteHeader(BadInput):
    """The header goes on behind the bytes that were looked at."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A byte range of the inflated input, from one record boundary to another."""

    offset: int
    length: int
    first_row: int
    overlong: bool = False
    """The chunk is a single record of MAX_RECORD bytes or more, which `overlong` reads instead of `rows`."""
    file: int = 0
    """The number of its file, where the input is several files."""
    correction: int = 0
    """The number of the correction to which the chunk belongs, 0 for the input itself."""


@dataclass(frozen=True, slots=True)
class Cut:
    """The chunks found in a window."""

    chunks: list[Chunk]
    consumed: int
    """Bytes of the window that the chunks cover. The next window starts after them. 0 asks for a longer window."""
    next_row: int
    unended: bool = False
    """The last chunk is an overlong record that continues after the window. Its length counts only the window's bytes;
    `skip` finds its end in the windows that follow, and the skipped bytes belong to it."""


class InputRow(NamedTuple):
    """A record that could be read. It is a tuple, because making a frozen dataclass takes a third of a row's time."""

    number: int
    end: int
    """Byte offset after this record, in the data given to `rows`. Reading resumes there with `number` + 1."""
    values: Any
    """The value of each column by its name; an instance of the row class where it was validated already."""
    fields: Sequence[str]
    """The texts of the input's columns, not shortened; for JSON Lines the line, cut at MAX_FIELD_SHOWN."""


class BadRow(NamedTuple):
    """A record that could not be read. `column` is empty when the fault is not in a single column."""

    number: int
    end: int
    column: str
    code: str
    """field_count, encoding, quoting, json, cell_error, value or too_long."""
    message: str
    fields: list[str]
    """At most one text for each column, each cut at MAX_FIELD_SHOWN. The last one has all surplus fields."""


class InputFormat(Protocol):
    """A kind of input file. The end of a record depends only on the bytes from its start on, so that a file has the
    same rows however it is cut."""

    @property
    def name(self) -> str: ...

    def columns(self, head: bytes, at_end: bool) -> list[str]:
        """The names in the header, in order; empty for a format without a header.

        `head` is the beginning of the input, and all of it if `at_end`. Raises BadInput when the input is empty, not of
        this format or without a usable header.
        """
        ...

    def first(self, head: bytes, at_end: bool) -> tuple[int, int]:
        """Byte offset and number of the first record after byte order mark and header. Raises as `columns` does."""
        ...

    def cut(self, window: bytes, at_end: bool, offset: int, row: int, target: int) -> Cut:
        """Chunks of at least `target` bytes from a window that starts at a record boundary.

        `offset` is where the window starts in the input, `row` is the number of its first record, and `at_end` says
        that the input ends with the window. A chunk is shorter than `target` at the end of the input, and before a
        record with which it would reach MAX_RECORD. An incomplete chunk is not consumed: call again with a longer
        window that starts there. A window of MAX_RECORD bytes always contains a chunk. The chunks do not depend on the
        windows.
        """
        ...

    def skip(self, window: bytes) -> int | None:
        """The start of the next record in a window that starts inside an overlong record; None when it is later."""
        ...

    def rows(self, data: bytes, columns: list[str], row: int) -> Iterator[InputRow | BadRow]:
        """The records of a chunk, or of its rest after a record boundary; `row` is the number of the first one."""
        ...

    def overlong(self, head: bytes, columns: list[str], row: int) -> BadRow:
        """The bad row for an overlong chunk that begins with `head`. Its `end` is the length of `head`."""
        ...
