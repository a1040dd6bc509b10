"""The rejects as CSV: a line for each refused row, with its first error and the input's own columns."""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass

from outlast.inputs.formula_guard import OWN_COLUMNS, guarded, own_columns, unguarded
from outlast.inputs.types import MAX_FIELD_SHOWN


@dataclass(frozen=True, slots=True)
class Reject:
    """`row` is the row's number in the input; `fields` are the texts of its columns there."""

    row: int
    column: str
    code: str
    message: str
    fields: list[str]


def fields_as(fields: list[str], columns: list[str], shown: list[str]) -> list[str]:
    """The fields of a row in the order of the columns that the rejects show."""
    if columns == shown or len(fields) != len(columns):
        return fields
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


def each_row_once(files: Iterable[bytes]) -> list[Reject]:
    """Read rejects from several files. Of a row with several rejects, the first is returned."""
    found: dict[int, Reject] = {}
    for data in files:
        for row, column, code, message, *fields in csv.reader(io.StringIO(data.decode(), newline="")):
            texts = [unguarded(field) for field in (column, code, message, *fields)]
            found.setdefault(int(row), Reject(int(row), texts[0], texts[1], texts[2], texts[3:]))
    return list(found.values())


def _line(fields: list[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(guarded(field[:MAX_FIELD_SHOWN]) for field in fields)
    return text.getvalue().encode("utf-8", "replace")
