"""Finds the ends of CSV records."""

from dataclasses import dataclass

from outlast.inputs.cutting import Lines
from outlast.inputs.quoting import Quotes


def is_blank(record: bytes) -> bool:
    """Whether a record without its line end is no row: it is empty, or commas only, as Excel writes empty lines."""
    return not record.strip(b",")


@dataclass(frozen=True, slots=True)
class CsvRecords:
    """The records of a window. Only lines with quotes need a closer look. Ask in ascending order."""

    lines: Lines
    quotes: Quotes

    @classmethod
    def of(cls, window: bytes, at_end: bool, max_record: int, max_quoted: int) -> "CsvRecords":
        """The records of `window`. The limits are in bytes."""
        return cls(Lines(window, at_end, max_record), Quotes(window, at_end, max_quoted))

    def leap(self, start: int, goal: int) -> tuple[int, int]:
        """See cutting.Records."""
        quote = self.lines.window.find(b'"', start, goal)
        if quote < 0:
            return self.lines.leap(start, goal)
        position, count = self.lines.leap(start, quote)
        while end := self.quotes.easy_end(position, goal):
            position, count = end, count + 1
        return position, count

    def end(self, start: int) -> int | None:
        """See cutting.Records."""
        found = self.record(start)
        return found and found[0]

    def record(self, start: int) -> tuple[int, bool] | None:
        """The end of the record at `start` and whether its quoting is sound; None when that needs more data."""
        line_end = self.lines.end(start)
        if line_end is None:
            return None
        if self.lines.window.find(b'"', start, line_end) < 0:
            return line_end, True
        return self.quotes.ends(start, line_end)
