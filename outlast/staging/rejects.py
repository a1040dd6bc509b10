"""The rejects as CSV: a line for each refused row, with its first error and the input's own columns."""

import csv
import io
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from outlast.inputs.formula_guard import OWN_COLUMNS, guarded, own_columns, unguarded
from outlast.inputs.types import MAX_FIELD_SHOWN

MOST_LISTED = 10_000
"""Rejects that a part lists. The others are only counted."""
NOT_LISTED = "not_listed"
"""Code of a line that stands for rows which are not listed. It is no row."""


@dataclass(frozen=True, slots=True)
class Reject:
    """`row` is the row's number in the input; `fields` are the texts of its columns there.

    `rows` counts the rows that are refused by it: all of a group's, of which `row` is the first.
    """

    row: int
    column: str
    code: str
    message: str
    fields: list[str]
    rows: int = 1


def fields_as(fields: Sequence[str], columns: list[str], shown: list[str]) -> list[str]:
    """The fields of a row in the order of the columns that the rejects show."""
    if columns == shown or len(fields) != len(columns):
        return list(fields)
    named = dict(zip(columns, fields, strict=True))
    return [named.get(column, "") for column in shown]


def rejects_header(columns: list[str]) -> bytes:
    """The first line of a rejects file. The one column of JSON Lines is the line itself.

    Rejects that are sent back keep their form: the first four columns of such an input are not repeated.
    """
    return _line([*OWN_COLUMNS, *(own_columns(columns) or ["line"])])


def encode_rejects(rejects: Iterable[Reject]) -> bytes:
    """Lines in the order of the rows, without a header; long fields are cut."""
    ordered = sorted(rejects, key=lambda reject: reject.row)
    return b"".join(_line([str(r.row), r.column, r.code, r.message, *r.fields]) for r in ordered)


def not_listed(rows: Collection[int]) -> Reject:
    """A line that counts rejects that are not listed, at the number of the first."""
    text = f"this row and {len(rows) - 1:,} others after it were rejected and are not listed"
    return Reject(min(rows), "", NOT_LISTED, text, [])


def limited(rejects: Sequence[Reject]) -> Sequence[Reject]:
    """The first rejects of these, and one line that counts the others."""
    rest = [reject.row for reject in rejects[MOST_LISTED:]]
    return [*rejects[:MOST_LISTED], not_listed(rest)] if rest else rejects


def each_row_once(files: Iterable[bytes]) -> list[Reject]:
    """Read rejects from several files. Of a row with several rejects, the first is returned."""
    found: dict[int, Reject] = {}
    for data in files:
        for row, column, code, message, *fields in csv.reader(io.StringIO(data.decode(), newline="")):
            texts = [unguarded(field) for field in (column, code, message, *fields)]
            found.setdefault(int(row), Reject(int(row), texts[0], texts[1], texts[2], texts[3:]))
    return list(found.values())


def codes_of(rejects: bytes) -> list[str]:
    """Return the code of each reject of a file."""
    return [unguarded(line[2]) for line in csv.reader(io.StringIO(rejects.decode(), newline=""))]


def _line(fields: list[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(guarded(field[:MAX_FIELD_SHOWN]) for field in fields)
    return text.getvalue().encode("utf-8", "replace")
