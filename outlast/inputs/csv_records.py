"""Finds the ends of CSV records."""

from dataclasses import dataclass

from outlast.inputs.cutting import Lines
from outlast.inputs.quoting import Quotes


@dataclass(frozen=True, slots=True)
class CsvRecords:
    """The records of a window. Only lines with quotes need a closer look. Ask in ascending order.

    `remark` is how a comment begins, which is one line whatever it holds; empty where there are no comments.
    """

    lines: Lines
    quotes: Quotes
    remark: bytes = b""

    def leap(self, start: int, goal: int) -> tuple[int, int]:
        """See cutting.Records."""
        quote = self.lines.window.find(self.quotes.patterns.quote, start, goal)
        if quote < 0:
            return self.lines.leap(start, goal)
        position, count = self.lines.leap(start, quote)
        while not self.remark and (end := self.quotes.easy_end(position, goal)):
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
        if self.remark and self.lines.window.startswith(self.remark, start):
            return line_end, True
        if self.lines.window.find(self.quotes.patterns.quote, start, line_end) < 0:
            return line_end, True
        return self.quotes.ends(start, line_end)
