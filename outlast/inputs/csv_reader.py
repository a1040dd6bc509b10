"""Reads the rows of a chunk of CSV."""

import csv
from collections.abc import Iterator
from io import BytesIO

from outlast.inputs.csv_dialect import Dialect
from outlast.inputs.csv_header import SAID_IN
from outlast.inputs.formula_guard import OWN_COLUMNS, is_rejects_header, unguarded
from outlast.inputs.quoting import Quotes
from outlast.inputs.types import MAX_FIELD_SHOWN, BadRow, InputRow

_LINE_END = b"\r\n"


class Reader:
    """Reads records that have the given columns.

    Rejects that are sent back lose the guard of their fields, and a reject of theirs does not show the columns of ours.
    """

    def __init__(self, columns: list[str], dialect: Dialect) -> None:
        self._columns = columns
        self._width = len(columns)
        self._dialect = dialect
        self._delimiter, self._separator = dialect.delimiter, dialect.separator
        self._nulls = {"", *dialect.nulls}
        self._sent_back = is_rejects_header(columns)
        self._waiting: list[str] = []
        self._csv = dialect.reader(iter(self._waiting.pop, None))

    def rows(self, data: bytes, row: int, quotes: Quotes) -> Iterator[InputRow | BadRow]:
        """The records of `data`; `row` is the number of the first."""
        marks = [mark for mark in (self._dialect.quotes, self._dialect.escape.encode(), b"\0") if mark and mark in data]
        quote, blanks, remark = self._dialect.quotes, self._dialect.blanks, self._dialect.remark
        lines, end = BytesIO(data), 0
        for number, line in enumerate(lines, row):
            start, end = end, end + len(line)
            record = line.rstrip(_LINE_END)
            if not record.strip(blanks) or (remark and record.startswith(remark)):
                continue
            if not marks or not any(mark in record for mark in marks):
                yield self._plain(number, end, record)
            elif record.count(quote) % 2 == 0 and (fields := self._quick(record)):
                yield self._row(number, end, fields, len(fields))
            else:
                end, sound = quotes.ends(start, end) or (end, False)
                lines.seek(end)
                yield self._thorough(number, end, data[start:end].rstrip(_LINE_END), sound)

    def bad(self, number: int, end: int, code: str, message: str, record: bytes) -> BadRow:
        """A bad row for a record that cannot be split properly. Its fields are split at every delimiter."""
        fields = record.decode(errors="replace").rstrip("\r\n").split(self._delimiter, self._width - 1)
        return BadRow(number, end, "", code, message, self._shown(fields))

    def _plain(self, number: int, end: int, record: bytes) -> InputRow | BadRow:
        try:
            fields = record.decode().split(
                self._delimiter, self._width
            )  # one field too many is enough to refuse the row
        except UnicodeDecodeError:
            return self._thorough(number, end, record, True)
        count = len(fields)
        return self._row(number, end, fields, count if count <= self._width else record.count(self._separator) + 1)

    def _quick(self, record: bytes) -> list[str] | None:
        """The fields of a line by the csv module, which is several times as fast as `split`.

        None when the module cannot split it: the line is malformed, not the whole record, not UTF-8 or too long.
        """
        if b"\0" in record:
            return None
        try:
            self._waiting.append(record.decode())
            fields: list[str] = next(self._csv)
            return fields
        except (UnicodeDecodeError, csv.Error, IndexError):  # IndexError: the line ends inside a quoted field
            return None

    def _thorough(self, number: int, end: int, record: bytes, sound: bool) -> InputRow | BadRow:
        if not sound:
            message = "a quote is not closed, or its end is followed by something other than a delimiter"
            return self.bad(number, end, "quoting", message, record)
        if quick := self._quick(record):
            return self._row(number, end, quick, len(quick))
        raw = self._dialect.patterns.split(record.decode(errors="surrogateescape"))
        if len(raw) == self._width + 1 and not raw[-1]:  # see _row
            raw.pop()
        fields = [field.encode(errors="surrogateescape").decode(errors="replace") for field in raw]
        if len(fields) == self._width and (wrong := self._not_text(raw, fields)):
            return BadRow(number, end, wrong[0], "encoding", wrong[1], self._shown(fields))
        return self._row(number, end, fields, len(fields))

    def _not_text(self, raw: list[str], fields: list[str]) -> tuple[str, str] | None:
        """The first column that is not UTF-8 or contains NUL, and which of the two it is."""
        for column, before, after in zip(self._columns, raw, fields, strict=True):
            if before != after:
                return column, SAID_IN
            if "\0" in after:
                return column, "a NUL byte"
        return None

    def _row(self, number: int, end: int, fields: list[str], count: int) -> InputRow | BadRow:
        if count == self._width + 1 and not fields[-1]:  # a delimiter at the end of the line
            fields, count = fields[:-1], count - 1
        if count != self._width:
            fields_found = "1 field" if count == 1 else f"{count:,} fields"
            message = f"{fields_found} where the header has {self._width:,}"
            return BadRow(number, end, "", "field_count", message, self._shown(fields))
        shown = fields
        if self._sent_back:
            fields = [unguarded(field) for field in fields]
            shown = fields[len(OWN_COLUMNS) :]
        return InputRow(number, end, self._values(fields), shown)

    def _values(self, fields: list[str]) -> dict[str, str | None]:
        if self._dialect.trim:
            fields = [field.strip() for field in fields]
        if not self._nulls.isdisjoint(fields):
            nulls = self._nulls
            values = {name: None if text in nulls else text for name, text in zip(self._columns, fields, strict=True)}
        else:
            values = dict(zip(self._columns, fields, strict=True))
        values.pop("", None)  # columns without a name
        return values

    def _shown(self, fields: list[str]) -> list[str]:
        """At most one text for each column. The last text has all surplus fields."""
        kept = self._width - 1
        last = [self._delimiter.join(fields[kept:])] if len(fields) > kept else []
        shown = [text[:MAX_FIELD_SHOWN] for text in fields[:kept] + last]
        return [unguarded(text) for text in shown[len(OWN_COLUMNS) :]] if self._sent_back else shown
