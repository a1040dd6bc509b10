"""The rows that were refused: one line each, with its first error and the input's own columns."""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass

MAX_FIELD_SHOWN = 10_000
"""Characters. A field of many megabytes would make the file unreadable, for the csv module too."""
OWN_COLUMNS = ("row", "column", "code", "message")


@dataclass(frozen=True, slots=True)
class Reject:
    """`row` is the row's number in the input; `fields` are its own, as they stood there."""

    row: int
    column: str
    code: str
    message: str
    fields: list[str]


def rejects_header(columns: list[str]) -> bytes:
    """The first line of a rejects file; JSON Lines has no columns but the line itself."""
    return _line([*OWN_COLUMNS, *(columns or ["line"])])


def encode_rejects(rejects: Iterable[Reject]) -> bytes:
    """Lines in the order of the rows, without a header; long fields are cut."""
    ordered = sorted(rejects, key=lambda reject: reject.row)
    return b"".join(_line([str(r.row), r.column, r.code, r.message, *r.fields]) for r in ordered)


def each_row_once(files: Iterable[bytes]) -> list[Reject]:
    """Read rejects back; of a row that stands in them more than once, the first."""
    found: dict[int, Reject] = {}
    for data in files:
        for row, column, code, message, *fields in csv.reader(io.StringIO(data.decode(), newline="")):
            found.setdefault(int(row), Reject(int(row), column, code, message, fields))
    return list(found.values())


def _line(fields: list[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(field[:MAX_FIELD_SHOWN] for field in fields)
    return text.getvalue().encode("utf-8", "replace")
