"""CSV by RFC 4180 or in another dialect, in UTF-8, with lines that end in CRLF or LF."""

from collections.abc import Iterator
from dataclasses import dataclass

from outlast.inputs.csv_dialect import RFC_4180, Dialect
from outlast.inputs.csv_header import read_header
from outlast.inputs.csv_reader import Reader
from outlast.inputs.csv_records import CsvRecords
from outlast.inputs.cutting import Limits, Lines, cut_window, skip_line
from outlast.inputs.quoting import MAX_QUOTED, Quotes
from outlast.inputs.types import MAX_RECORD, BadRow, Cut, InputRow


@dataclass(frozen=True, slots=True)
class CsvFile:
    """A record is a line, or several lines when a quoted field spans them.

    Blank lines, lines of delimiters and blanks only and comments are not rows, but they count in the numbering. So does
    the header, which is row 1 when it comes first. A quote is special only at the start of a field. A record is
    malformed when a closing quote is followed by anything but a delimiter or a line end, or when a quote is not closed
    within `max_quoted` bytes. A malformed record is one line long: the next line starts the next record.
    """

    max_record: int = MAX_RECORD
    max_quoted: int = MAX_QUOTED
    name: str = "csv"
    dialect: Dialect = RFC_4180

    def columns(self, head: bytes, at_end: bool) -> list[str]:
        """See InputFormat."""
        return read_header(head, at_end, self.records(head, at_end), self.dialect).columns

    def first(self, head: bytes, at_end: bool) -> tuple[int, int]:
        """See InputFormat."""
        header = read_header(head, at_end, self.records(head, at_end), self.dialect)
        return header.end, header.next_row

    def cut(self, window: bytes, at_end: bool, offset: int, row: int, target: int) -> Cut:
        """See InputFormat."""
        limits = Limits(min(target, self.max_record - self.max_quoted), self.max_record)
        return cut_window(self.records(window, at_end), window, at_end, offset, row, limits)

    def skip(self, window: bytes) -> int | None:
        """See InputFormat."""
        return skip_line(window)

    def rows(self, data: bytes, columns: list[str], row: int) -> Iterator[InputRow | BadRow]:
        """See InputFormat. A value is the field's text, or None when it is empty or one of the dialect's nulls."""
        return Reader(columns, self.dialect).rows(data, row, self._quotes(data, at_end=True))

    def overlong(self, head: bytes, columns: list[str], row: int) -> BadRow:
        """See InputFormat."""
        text = f"the row has {self.max_record:,} bytes or more"
        return Reader(columns, self.dialect).bad(row, len(head), "too_long", text, head)

    def records(self, window: bytes, at_end: bool) -> CsvRecords:
        """The records of a window, which starts at a record boundary."""
        lines = Lines(window, at_end, self.max_record)
        return CsvRecords(lines, self._quotes(window, at_end), self.dialect.remark)

    def _quotes(self, data: bytes, at_end: bool) -> Quotes:
        return Quotes(data, at_end, self.max_quoted, self.dialect.patterns)


CSV = CsvFile()
