"""Cuts a window into chunks on record boundaries, in the same way for every format."""

from dataclasses import dataclass
from typing import Protocol

from outlast.inputs.types import Chunk, Cut


class Records(Protocol):
    """The ends of the records of a window."""

    def leap(self, start: int, goal: int) -> tuple[int, int]:
        """Skip records that are quickly found and end by `goal`. Returns the new position and how many were skipped."""
        ...

    def end(self, start: int) -> int | None:
        """The end of the record at `start`; None when that needs a longer window.

        For a record of the largest size or more that continues after the window, it is the window's end.
        """
        ...


@dataclass(frozen=True, slots=True)
class Limits:
    """The sizes in bytes that decide where chunks end."""

    target: int
    """A chunk ends with the record that makes it this long."""
    record: int
    """A chunk of this size or more is a single record."""


def cut_window(records: Records, window: bytes, at_end: bool, offset: int, row: int, limits: Limits) -> Cut:
    """The chunks of a window. See InputFormat.cut."""
    chunks: list[Chunk] = []
    start = 0
    while start < len(window) and (found := _chunk(records, start, len(window), at_end, limits)):
        length, count = found
        chunks.append(Chunk(offset + start, length, row, overlong=length >= limits.record))
        start += length
        row += count
    unended = bool(chunks) and chunks[-1].overlong and not at_end and not window.endswith(b"\n", 0, start)
    return Cut(chunks, start, row, unended)


def _chunk(records: Records, start: int, size: int, at_end: bool, limits: Limits) -> tuple[int, int] | None:
    """Length and record count of the chunk at `start`; None when the window does not contain all of it."""
    goal = start + limits.target
    position, count = records.leap(start, goal)
    while position < min(goal, size):
        end = records.end(position)
        if end is None:
            return (position - start, count) if count and size - start >= limits.record else None
        if count and end - start >= limits.record:
            break
        position, passed = records.leap(end, goal)
        count += 1 + passed
    return None if position < goal and position == size and not at_end else (position - start, count)


@dataclass(slots=True)
class Lines:
    """Records that are lines. Each ends with a line feed, which the last line of the input may lack."""

    window: bytes
    at_end: bool
    max_record: int

    def leap(self, start: int, goal: int) -> tuple[int, int]:
        """Skip all complete lines up to `goal`."""
        position = self.window.rfind(b"\n", start, goal) + 1
        return (position, self.window.count(b"\n", start, position)) if position else (start, 0)

    def end(self, start: int) -> int | None:
        """The position after the next line feed."""
        if position := self.window.find(b"\n", start) + 1:
            return position
        decided = self.at_end or len(self.window) - start >= self.max_record
        return len(self.window) if decided else None


def skip_line(window: bytes) -> int | None:
    """The position after the first line feed, or None."""
    return window.find(b"\n") + 1 or None
