"""What passes between an input file and those who read it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

MAX_RECORD = 8 * 1024 * 1024
"""Bytes, line end included: four times the largest document. A record of this size or more is rejected as `too_long`
without being held in memory."""

MAX_FIELD_SHOWN = 10_000
"""Characters of a field that a reject repeats. A field of many megabytes would make the rejects file unreadable, for
the csv module too."""

HEAD_BYTES = 1024 * 1024
"""Bytes at the beginning of an input in which its header is looked for."""


class BadInput(ValueError):
    """The input as a whole cannot be taken. The text says what is wrong and what to do about it."""

    def __init__(self, field: str, message: str) -> None:
        """`field` is what is wrong: "body", "header", "filename" or "content-type"."""
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True)
class Chunk:
    """A byte range of the input, as inflated, from one record boundary to another."""

    offset: int
    length: int
    first_row: int
    overlong: bool = False
    """The chunk is a single record of MAX_RECORD bytes or more: not for `rows` but for `overlong`."""


@dataclass(frozen=True, slots=True)
class Cut:
    """The chunks found in a window."""

    chunks: list[Chunk]
    consumed: int
    """Bytes of the window that the chunks cover. The next window starts behind them; 0 asks for a longer one."""
    next_row: int
    unended: bool = False
    """The last chunk is an overlong record that goes on behind the window. Its length is what the window holds;
    `skip` over the windows that follow finds its end, and what is skipped belongs to it."""


class InputRow(NamedTuple):
    """A record that could be read. A tuple, because making a frozen dataclass takes a third of the time of a row."""

    number: int
    end: int
    """Byte offset in the data given to `rows` just behind this record: reading resumes there with `number` + 1."""
    values: dict[str, Any]
    fields: list[str]
    """The input's own columns as text, whole; for JSON Lines the line, cut at 10,000 characters."""


class BadRow(NamedTuple):
    """A record that could not be read. `column` is empty when no single one is to blame."""

    number: int
    end: int
    column: str
    code: str
    """field_count, encoding, quoting, json or too_long."""
    message: str
    fields: list[str]
    """At most one text a column, each of at most 10,000 characters; of a row with too many, the last has the rest."""


class InputFormat(Protocol):
    """A kind of input file. A record's boundaries depend only on the bytes from its start on, so a file gives the same
    rows however it is cut."""

    @property
    def name(self) -> str: ...

    def columns(self, head: bytes, at_end: bool) -> list[str]:
        """The names in the header, in order; none for a format without one. `head` is how the input begins, `at_end`
        that it is all of it. Raises BadInput when it is empty, not of this format or has no usable header."""
        ...

    def first(self, head: bytes, at_end: bool) -> tuple[int, int]:
        """Byte offset and number of the first record behind byte order mark and header. Raises as `columns` does."""
        ...

    def cut(self, window: bytes, at_end: bool, offset: int, row: int, target: int) -> Cut:
        """Chunks of at least `target` bytes from a window that starts at a record boundary.

        `offset` is the window's place in the input, `row` the number of its first record, `at_end` that the input ends
        with it. A chunk is shorter than `target` at the input's end and before a record with which it would reach
        MAX_RECORD. What makes no whole chunk yet is not consumed: call again with a longer window from there. A window
        of MAX_RECORD bytes always gives one. The chunks do not depend on the windows.
        """
        ...

    def skip(self, window: bytes) -> int | None:
        """Where in a window that starts inside an overlong record the next record starts; None when not in it."""
        ...

    def rows(self, data: bytes, columns: list[str], row: int) -> Iterator[InputRow | BadRow]:
        """The records of a chunk, or of its rest from a record boundary on; `row` is the number of the first."""
        ...

    def overlong(self, head: bytes, columns: list[str], row: int) -> BadRow:
        """The reject for an overlong chunk, of which `head` is any first part. Its `end` is the length of `head`."""
        ...
