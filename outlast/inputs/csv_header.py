"""The header of a CSV file."""

import re
from dataclasses import dataclass

from outlast.inputs.byte_order_mark import marks_end
from outlast.inputs.csv_records import CsvRecords, is_blank
from outlast.inputs.formula_guard import is_rejects_header, own_columns, unguarded
from outlast.inputs.quoting import split
from outlast.inputs.types import HEAD_BYTES, BadInput, IncompleteHeader

_LONE_CR = re.compile(r"\r(?!\n)")
_SEPARATOR = re.compile(rb'"?sep=([\x01-\x7f])"?', re.IGNORECASE)
_BLANK_LINES = re.compile(rb"(?:,*+\r*+\n)++")
_OTHER_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}


@dataclass(frozen=True, slots=True)
class Header:
    """The first record that is not blank. A first line such as `sep=,` tells Excel the separator and counts as blank.

    A column without a name is ignored; it is the index of a data frame, or follows a comma at the end of each line.
    """

    columns: list[str]
    end: int
    """Byte offset of the record after it."""
    number: int


def read_header(head: bytes, at_end: bool, records: CsvRecords) -> Header:
    """The header of the input that begins with `head`. Raises BadInput when it is missing or cannot be used."""
    start, number = marks_end(head), 1
    if blank := _BLANK_LINES.match(head, start):  # one by one, a megabyte of them would take half a second
        start, number = blank.end(), 1 + head.count(b"\n", start, blank.end())
    while start < len(head) and (found := records.record(start)):
        end, sound = found
        line = head[start:end].rstrip(b"\r\n")
        if not is_blank(line) and not _names_separator(line, number):
            return Header(_columns(line, sound), end, number)
        start, number = end, number + 1
    if at_end:
        raise BadInput("body", "The input is empty. Send a CSV file whose first line names the columns.")
    raise IncompleteHeader(
        "header", f"The header is not complete within the first {len(head):,} bytes. Is the input CSV?"
    )


def _columns(line: bytes, sound: bool) -> list[str]:
    if len(line) > HEAD_BYTES:
        raise BadInput("header", f"The first line has {len(line):,} bytes, too many for a header. Is the input CSV?")
    if not sound:
        raise BadInput("header", "The header's quoting is broken: close each quoted name, then a comma or a line end.")
    try:
        columns = split(line.decode())
    except UnicodeDecodeError as error:
        fault = f"byte {error.start + 1} of the header is not UTF-8"
        raise BadInput("header", f"The input is not UTF-8 ({fault}). Save the file as UTF-8.") from None
    if is_rejects_header(columns):  # a column of the input may have the name of one of ours
        columns = [unguarded(column) for column in columns]
    _check(own_columns(columns))
    return columns


def _check(columns: list[str]) -> None:
    if "\0" in "".join(columns):
        raise BadInput("header", "The header holds NUL bytes: the input is binary or UTF-16. Save it as CSV in UTF-8.")
    if any(_LONE_CR.search(column) for column in columns):
        raise BadInput("header", "The lines end in CR alone. Save the file with line ends LF or CRLF.")
    seen: set[str] = set()
    for column in filter(None, columns):
        if column in seen:
            raise BadInput("header", f"Column {column[:100]!r} is in the header twice. Name every column once.")
        seen.add(column)
    _check_delimiter(columns)


def _names_separator(line: bytes, number: int) -> bool:
    """Whether this is a line such as `sep=,`. Raises BadInput for another separator."""
    found = _SEPARATOR.fullmatch(line) if number == 1 else None
    if found and found[1] != b",":
        raise BadInput("header", f"The file says {line.decode()!r}. Save it with commas.")
    return found is not None


def _check_delimiter(columns: list[str]) -> None:
    found = [name for mark, name in _OTHER_DELIMITERS.items() if mark in columns[0]] if len(columns) == 1 else []
    if found:
        raise BadInput("header", f"The columns are separated by {found[0]}. Save the file with commas.")
