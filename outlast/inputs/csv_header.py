"""The header of a CSV file."""

import re
from dataclasses import dataclass

from outlast.inputs.byte_order_mark import marks_end
from outlast.inputs.csv_dialect import Dialect
from outlast.inputs.csv_records import CsvRecords
from outlast.inputs.formula_guard import is_rejects_header, own_columns, unguarded
from outlast.inputs.types import HEAD_BYTES, BadInput, IncompleteHeader

_LONE_CR = re.compile(r"\r(?!\n)")
_SEPARATOR = re.compile(rb'"?sep=([\x01-\x7f])"?\r*\n?', re.IGNORECASE)
_BLANK_LINES = re.compile(rb"(?:[, \t]*+\r*+\n)++")
SAID_IN = "bytes that are not UTF-8: say what they are, as encoding=cp1252, or save the file as UTF-8"
"""What is wrong with text of another encoding, and what to do."""


@dataclass(frozen=True, slots=True)
class Header:
    """The first record that is no blank and no comment, or the names that the dialect gives.

    A column without a name is ignored; it is the index of a data frame, or follows a delimiter at the end of each line.
    """

    columns: list[str]
    end: int
    """Byte offset of the record after it, and after a line of units."""
    next_row: int
    """The number of that record."""


def separator_line(head: bytes) -> tuple[str, int] | None:
    """The delimiter that a first line such as `sep=;` tells Excel, and where the line ends; None without one."""
    start = marks_end(head)
    found = _SEPARATOR.match(head, start)
    whole = found and (found[0].endswith(b"\n") or found.end() == len(head))
    return (found[1].decode(), found.end()) if found and whole else None


def read_header(head: bytes, at_end: bool, records: CsvRecords, dialect: Dialect) -> Header:
    """The header of the input that begins with `head`. Raises BadInput when it is missing or cannot be used."""
    start, number = _begin(head)
    if dialect.header_line == 0:
        _check(list(dialect.names))
        return Header(list(dialect.names), start, number)
    for _ in range((dialect.header_line or 1) - number):
        start, number = head.find(b"\n", start) + 1 or len(head), number + 1
    if not dialect.header_line and (blank := _BLANK_LINES.match(head, start)):
        # One by one, a megabyte of them would take half a second.
        start, number = blank.end(), number + head.count(b"\n", start, blank.end())
    while start < len(head) and (found := records.record(start)):
        end, sound = found
        line = head[start:end].rstrip(b"\r\n")
        if not _is_no_row(line, dialect):
            return _after_units(Header(_columns(line, sound, dialect), end, number + 1), head, records, dialect)
        start, number = end, number + 1
    if at_end:
        raise BadInput("body", "The input is empty. Send a CSV file whose first line names the columns.")
    raise IncompleteHeader(
        "header", f"The header is not complete within the first {len(head):,} bytes. Is the input CSV?"
    )


def _begin(head: bytes) -> tuple[int, int]:
    """Where the first line begins that is not `sep=`, and its number."""
    separator = separator_line(head)
    return (separator[1], 2) if separator else (marks_end(head), 1)


def _is_no_row(line: bytes, dialect: Dialect) -> bool:
    comment = bool(dialect.remark) and line.startswith(dialect.remark)
    return comment or not line.strip(dialect.blanks)


def _after_units(header: Header, head: bytes, records: CsvRecords, dialect: Dialect) -> Header:
    if not dialect.units or header.end >= len(head):
        return header
    found = records.record(header.end)
    return Header(header.columns, found[0], header.next_row + 1) if found else header


def _columns(line: bytes, sound: bool, dialect: Dialect) -> list[str]:
    if len(line) > HEAD_BYTES:
        raise BadInput("header", f"The first line has {len(line):,} bytes, too many for a header. Is the input CSV?")
    if not sound:
        raise BadInput("header", "The header's quoting is broken: close each quoted name, then a comma or a line end.")
    try:
        columns = dialect.patterns.split(line.decode())
    except UnicodeDecodeError as error:
        fault = f"byte {error.start + 1} of the header is not UTF-8"
        raise BadInput("header", f"The input is not UTF-8 ({fault}). Say encoding=cp1252 or what it is.") from None
    if is_rejects_header(columns):  # a column of the input may have the name of one of ours
        columns = [unguarded(column) for column in columns]
    columns = list(dialect.names) or [column.strip() for column in columns]
    _check(own_columns(columns))
    return columns


def _check(columns: list[str]) -> None:
    if "\0" in "".join(columns):
        raise BadInput(
            "header", "The header holds NUL bytes: the input is binary, or UTF-16. Say encoding=utf-16 if it is."
        )
    if any(_LONE_CR.search(column) for column in columns):
        raise BadInput("header", "The lines end in CR alone. Save the file with line ends LF or CRLF.")
    seen: set[str] = set()
    for column in filter(None, columns):
        if column in seen:
            raise BadInput("header", f"Column {column[:100]!r} is in the header twice. Name every column once.")
        seen.add(column)
