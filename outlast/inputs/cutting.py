"""Chunks out of records, the same for every format."""

from dataclasses import dataclass
from typing import Protocol

from outlast.inputs.types import Chunk, Cut


class Records(Protocol):
    """Where the records of a window end."""

    def leap(self, start: int, goal: int) -> tuple[int, int]:
        """Over records that are plain lines, as far as they end at or before `goal`: new position, how many."""
        ...

    def end(self, start: int) -> int | None:
        """The end of the record at `start`; None when a longer window is needed to tell. For a record of the largest
        size or more it is the window's end when the record goes on behind it."""
        ...


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes that decide where chunks end."""

    target: int
    """A chunk ends with the first record that makes it this long."""
    record: int
    """No chunk is this long, but for one record alone."""


def cut_window(records: Records, window: bytes, at_end: bool, offset: int, row: int, limits: Limits) -> Cut:
    """The chunks of a window, as `InputFormat.cut` promises."""
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
    """Length and number of records of the chunk at `start`; None when the window does not hold all of it."""
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
    """Records that are lines: each ends with a line feed, the input's last one perhaps without."""

    window: bytes
    at_end: bool
    max_record: int

    def leap(self, start: int, goal: int) -> tuple[int, int]:
        """Over all whole lines up to `goal`."""
        position = self.window.rfind(b"\n", start, goal) + 1
        return (position, self.window.count(b"\n", start, position)) if position else (start, 0)

    def end(self, start: int) -> int | None:
        """Just behind the next line feed."""
        if position := self.window.find(b"\n", start) + 1:
            return position
        decided = self.at_end or len(self.window) - start >= self.max_record
        return len(self.window) if decided else None


def skip_line(window: bytes) -> int | None:
    """The position just behind the first line feed, if there is one."""
    return window.find(b"\n") + 1 or None
