"""CSV by RFC 4180: commas, double quotes, a header, UTF-8, lines that end in CRLF or LF."""

from collections.abc import Iterator
from dataclasses import dataclass

from outlast.inputs.csv_header import read_header
from outlast.inputs.csv_reader import Reader
from outlast.inputs.csv_records import CsvRecords
from outlast.inputs.cutting import Limits, cut_window, skip_line
from outlast.inputs.quoting import MAX_QUOTED, Quotes
from outlast.inputs.types import MAX_RECORD, BadRow, Cut, InputRow


@dataclass(frozen=True, slots=True)
class Csv:
    """A record is a line, or several lines when a quoted field spans them.

    Blank lines and lines of commas only are not rows, but they count in the numbering. So does the header, which is
    row 1 when it comes first. A quote is special only at the start of a field. A record is malformed when a closing
    quote is followed by anything but a comma or a line end, or when a quote is not closed within `max_quoted` bytes.
    A malformed record is one line long: the next line starts the next record.
    """

    max_record: int = MAX_RECORD
    max_quoted: int = MAX_QUOTED
    name: str = "csv"

    def columns(self, head: bytes, at_end: bool) -> list[str]:
        """See InputFormat."""
        return read_header(head, at_end, self._records(head, at_end)).columns

    def first(self, head: bytes, at_end: bool) -> tuple[int, int]:
        """See InputFormat."""
        header = read_header(head, at_end, self._records(head, at_end))
        return header.end, header.number + 1

    def cut(self, window: bytes, at_end: bool, offset: int, row: int, target: int) -> Cut:
        """See InputFormat."""
        limits = Limits(min(target, self.max_record - self.max_quoted), self.max_record)
        return cut_window(self._records(window, at_end), window, at_end, offset, row, limits)

    def skip(self, window: bytes) -> int | None:
        """See InputFormat."""
        return skip_line(window)

    def rows(self, data: bytes, columns: list[str], row: int) -> Iterator[InputRow | BadRow]:
        """See InputFormat. A value is the field's text, or None when it is empty."""
        return Reader(columns).rows(data, row, Quotes(data, True, self.max_quoted))

    def overlong(self, head: bytes, columns: list[str], row: int) -> BadRow:
        """See InputFormat."""
        return Reader(columns).bad(row, len(head), "too_long", f"the row has {self.max_record:,} bytes or more", head)

    def _records(self, window: bytes, at_end: bool) -> CsvRecords:
        return CsvRecords.of(window, at_end, self.max_record, self.max_quoted)


CSV = Csv()
