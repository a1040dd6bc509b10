"""Reads a rejects file that was corrected and sent back: which rows it has, in the order of the input's columns.

It may have any of the rows and its columns in any order. Our own columns and the guards of fields are taken out again.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from outlast.http.body_size import MAX_INLINE, check_size
from outlast.http.problem import bad_request
from outlast.inputs.formula_guard import OWN_COLUMNS, is_rejects_header, own_columns, unguarded
from outlast.staging.rejects import NOT_LISTED

LINE = "line"
"""The one column of rejects of an input without columns."""
Rows = list[tuple[int, list[str]]]
_QUOTED = re.compile(r'"[^"]*"')
_FIRST = re.compile(r'(?:[^"\n]|"[^"]*")*')
"""The first record. A line end within quotes does not end it."""


@dataclass(frozen=True, slots=True)
class _Header:
    """Where the number of the row, its code and each column of the input stand; `width` fields in all.

    `ours` are the places of our own columns.
    """

    row: int
    code: int | None
    places: Sequence[int]
    width: int
    ours: frozenset[int]


def read_corrected(body: bytes, columns: Sequence[str]) -> Rows:
    """The rows by their numbers. `columns` are those of the input. Raises Problem that names row or column."""
    check_size(body, "send fewer rows at a time")
    lines = _lines(body)
    header = _header(next(lines, []), own_columns(list(columns)) or [LINE])
    found: dict[int, list[str]] = {}
    for fields in lines:
        if not any(fields) or (header.code is not None and fields[header.code : header.code + 1] == [NOT_LISTED]):
            continue
        number, own = _row(fields, header)
        if number in found:
            raise bad_request(f"row {number} is in the body twice", "row")
        found[number] = own
    if not found:
        raise bad_request("the body has no row: send the rows of GET …/rejects that you have corrected", "body")
    return sorted(found.items())


def _lines(body: bytes) -> Iterator[list[str]]:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise bad_request(f"byte {error.start + 1} of the body is not UTF-8: save the file as UTF-8", "body") from None
    head = _QUOTED.sub("", first[0]) if (first := _FIRST.match(text)) else ""
    delimiter = max(",;\t", key=head.count)
    csv.field_size_limit(MAX_INLINE)
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    except csv.Error as error:
        raise bad_request(f"the body is not CSV: {error}", "body") from None


def _header(names: list[str], columns: list[str]) -> _Header:
    names = [unguarded(name.strip()) for name in names]
    ours = dict(zip(OWN_COLUMNS, range(len(OWN_COLUMNS)), strict=True)) if is_rejects_header(names) else {}
    places = {name: place for place, name in enumerate(names) if place not in ours.values()}
    if not ours:
        ours = {name: places[name] for name in OWN_COLUMNS if name in places and name not in columns}
    if "row" not in ours:
        text = "the header has no column `row` of ours: send the file of GET …/rejects with its numbers of rows"
        raise bad_request(text, "row")
    _check_names(names, ours, columns)
    where = [places.get(name, -1) for name in columns]
    return _Header(ours["row"], ours.get("code"), where, len(names), frozenset(ours.values()))


def _check_names(names: list[str], ours: dict[str, int], columns: list[str]) -> None:
    given = [name for place, name in enumerate(names) if place not in ours.values() and name]
    for name in columns:
        if name and given.count(name) != 1:
            missing = "is missing" if name not in given else "is there twice"
            raise bad_request(f"column {name[:100]!r} of the input {missing}", name)
    for name in given:
        if name not in columns:
            raise bad_request(f"column {name[:100]!r} is not a column of the input", name)


def _row(fields: list[str], header: _Header) -> tuple[int, list[str]]:
    """A row with too few or too many fields keeps them as they are: it is rejected again, and costs no other row."""
    number = fields[header.row].strip() if header.row < len(fields) else ""
    if not (number.isascii() and number.isdigit() and len(number) <= 15):
        raise bad_request(f"{number[:100]!r} is not the number of a row", "row")
    if len(fields) != header.width:
        return int(number), [unguarded(text) for place, text in enumerate(fields) if place not in header.ours]
    return int(number), [unguarded(fields[place]) if place >= 0 else "" for place in header.places]
