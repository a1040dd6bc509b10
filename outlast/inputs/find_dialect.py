"""Finds the delimiter of a CSV file: the one under which the header has every column that the report needs."""

from dataclasses import dataclass, replace

from outlast.inputs.byte_order_mark import marks_end
from outlast.inputs.csv_dialect import DELIMITERS, Dialect
from outlast.inputs.csv_file import CsvFile
from outlast.inputs.csv_header import separator_line
from outlast.inputs.formula_guard import OWN_COLUMNS
from outlast.inputs.reading import UTF_8, Reading, Wanted
from outlast.inputs.types import BadInput, IncompleteHeader

_REJECTS = ",".join(OWN_COLUMNS).encode()
MOST_SHOWN = 12
"""Columns that a text repeats of a header."""
UNSURE = "The delimiter is not sure, because the report needs no column by name"


def find_dialect(reading: Reading, head: bytes, at_end: bool, wanted: Wanted) -> Reading:
    """The reading with its delimiter, quote and columns' line known. `head` is UTF-8.

    Raises BadInput, which shows how the header was read, where it lacks a column that is needed; IncompleteHeader where
    more of the input is needed.
    """
    if is_rejects(head):
        reading = as_rejects(reading)
    if reading.header_line == 0 and not reading.names:
        reading = replace(reading, names=_names_of(wanted))
    separator = separator_line(head)
    if reading.delimiter is None and separator:
        reading = replace(reading, delimiter=separator[0])
        reading.refuse_same_marks()
    possible = [one for one in DELIMITERS if one != reading.quote]
    said = [reading.delimiter] if reading.delimiter else possible
    headers = [_Read.under(replace(reading, delimiter=one), head, at_end) for one in said]
    fitting = [one for one in headers if one.columns is not None and not wanted.missing(one.columns)]
    if fitting and (wanted.needed or len(said) == 1 or _is_sure(headers)):
        return fitting[0].reading
    if headers[0].fault is not None and len(said) == 1:
        raise headers[0].fault
    others = [replace(reading, delimiter=one) for one in possible if one not in said]
    raise _refusal([*headers, *(_Read.under(one, head, at_end) for one in others)], wanted, len(said) == 1)


@dataclass(frozen=True, slots=True)
class _Read:
    """What the header is under one delimiter. `fault` says why it cannot be read so."""

    reading: Reading
    columns: list[str] | None
    fault: BadInput | None = None

    @classmethod
    def under(cls, reading: Reading, head: bytes, at_end: bool) -> "_Read":
        try:
            return cls(reading, CsvFile(dialect=Dialect.of(reading)).columns(head, at_end))
        except IncompleteHeader:
            raise
        except BadInput as error:
            return cls(reading, None, error)

    def shown(self) -> str:
        columns = self.columns or []
        name = DELIMITERS.get(self.reading.delimiter or "", repr(self.reading.delimiter))
        more = ", …" if len(columns) > MOST_SHOWN else ""
        listed = ", ".join(column[:60] for column in columns[:MOST_SHOWN])
        return f"Read with {name}, it has {len(columns)} column{'s' * (len(columns) != 1)}: {listed}{more}"


def _is_sure(headers: list[_Read]) -> bool:
    """Whether a comma is right for a report that needs no column: it splits the header, or nothing does."""
    comma, *others = headers
    if comma.columns is None:
        return False
    return len(comma.columns) > 1 or all(len(other.columns or []) <= 1 for other in others)


def _refusal(headers: list[_Read], wanted: Wanted, is_said: bool) -> BadInput:
    """What the header is under the delimiter that was said, or a comma, and under the one that fits best."""
    found = [one for one in headers if one.columns is not None]
    if not found or (headers[0].fault is not None and all(len(one.columns or []) == 1 for one in found)):
        return headers[0].fault or BadInput("header", "The header cannot be read. Is the input CSV?")
    best = max(found, key=lambda one: (-len(wanted.missing(one.columns or [])), len(one.columns or [])))
    shown = list(dict.fromkeys([found[0].shown(), best.shown()]))
    columns = best.columns or []
    missing = wanted.missing((found[0] if is_said else best).columns or [])
    fault = f"The header lacks the column {', '.join(missing)}, which the report needs" if missing else UNSURE
    return MissingColumns(f"{fault}. {'. '.join(shown)}. {_help(best, found[0])}.", missing, columns)


def _help(best: _Read, first: _Read) -> str:
    if best is first:
        return "Correct the header, or say header_line"
    return f"Say delimiter={best.reading.delimiter!r} if that is right"


def is_rejects(head: bytes) -> bool:
    """Whether the input is a rejects file of ours that is sent back."""
    return head.startswith(_REJECTS, marks_end(head))


def as_rejects(reading: Reading) -> Reading:
    """A rejects file is CSV by RFC 4180 in UTF-8, whatever the dialect of the input that it is from."""
    plain = Reading(
        encoding=UTF_8, delimiter=",", quote='"', escape="", comment="", header_line=1, units=False, names=()
    )
    return plain.over(reading)


def _names_of(wanted: Wanted) -> tuple[str, ...]:
    if wanted.columns is None:
        raise BadInput("header_line", "An input without a header needs the names of its columns: Csv(names=…).")
    return tuple(wanted.columns)


class MissingColumns(BadInput):
    """The header lacks columns that the report needs. `columns` are those found."""

    def __init__(self, message: str, missing: list[str], columns: list[str]) -> None:
        super().__init__(missing[0] if missing else "header", message)
        self.columns = columns
