"""JSON as JSON Lines: the members of an array, or objects one after another, each on a line of its own."""

import re
from collections.abc import Iterator

from outlast.inputs.byte_order_mark import marks_end
from outlast.inputs.json_path import steps_of
from outlast.inputs.json_scan import Open, Scanner, on_one_line, shallow_values, value_end
from outlast.inputs.types import MAX_RECORD, BadInput

_BLANKS = re.compile(rb"[ \t\r\n]*+")
_BETWEEN = re.compile(rb"[ \t\r\n]*+,?[ \t\r\n]*+")
_BATCH = 256 * 1024
"""Bytes that are searched for rows at once."""


class Elements:
    """A Stage. `path` is empty for values one after another. What follows the array is not looked at.

    A value of MAX_RECORD bytes or more is passed on as it comes, so that memory is bounded.
    """

    def __init__(self, path: str) -> None:
        self._path, self._names = path, list(steps_of(path))
        self._data = b""
        self._begun: Open | None = None
        self._scanner: Scanner | None = None
        self._inside, self._done, self._rows, self._started = not path, False, 0, False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """See Stage."""
        if self._done:
            return
        self._data += data
        if not self._started and len(self._data) >= 3:
            self._data = self._data[marks_end(self._data[:64]) :]
            self._started = True
        if self._inside or self._enter():
            yield from self._lines()

    def finish(self) -> Iterator[bytes]:
        """See Stage."""
        if not self._inside:
            where = f" at {self._path}" if self._names else ""
            raise BadInput("path", f"The input has no JSON array{where}. Say another path, such as $.value.")
        self._data += b"\n"
        yield from self._lines()
        if not self._done and (self._path or self._data.strip()):
            raise BadInput("body", f"The JSON ends inside row {self._rows + 1}. Send all of it.")

    def _enter(self) -> bool:
        """Go on towards the array; return whether it is reached. The data begins with a value."""
        while not self._inside and (position := self._blank(0)) < len(self._data):
            opens = b"[" if not self._names else b"{"
            if self._data[position : position + 1] != opens:
                fault = "is no array" if opens == b"[" else "is no object"
                raise BadInput("path", f"What is on the path {self._path or '$'} {fault}. Say another path.")
            if opens == b"[":
                self._data = self._data[position + 1 :]
                self._inside = True
            elif not self._step(position + 1):
                return False
        return self._inside

    def _step(self, position: int) -> bool:
        """Go to the member of the object whose name is next; False where more data is needed. Data before is dropped
        only when it is found: the members before the array are held."""
        wanted = f'"{self._names[0]}"'.encode()
        while (start := _between(self._data, position)) < len(self._data):
            if self._data[start : start + 1] == b"}":
                raise BadInput("path", f"There is no {self._names[0]!r} on the path {self._path}. Say another path.")
            name_end = value_end(self._data, start)
            if isinstance(name_end, Open):
                break
            value = self._blank(self._blank(name_end) + 1)
            if self._data[start:name_end] == wanted:
                if value >= len(self._data):
                    break
                self._data, self._names = self._data[value:], self._names[1:]
                return True
            end = value_end(self._data, value) if value < len(self._data) else Open(0, 0)
            if isinstance(end, Open):
                break
            position = end
        if len(self._data) > MAX_RECORD:
            raise BadInput("path", f"What comes before {self._path} has more than {MAX_RECORD:,} bytes.")
        return False

    def _lines(self) -> Iterator[bytes]:
        if self._scanner is not None:
            yield from self._pass_on()
        position = 0
        while self._scanner is None:
            rows, position = ([], position) if self._begun else shallow_values(self._data, position, _BATCH)
            if not rows:
                if (found := self._next(position)) is None:
                    break
                rows, position = [self._data[found[0] : found[1]]], found[1]
            self._rows += len(rows)
            yield _as_lines(rows)
        self._data = b"" if self._done else self._data[_between(self._data, position) :]
        if self._scanner is None and len(self._data) >= MAX_RECORD:
            self._scanner, self._begun = Scanner(self._data[:1]), None
            yield from self._pass_on()

    def _next(self, position: int) -> tuple[int, int] | None:
        """Where the next value begins and ends; None when it is not all there, or there is none."""
        begin = _between(self._data, position)
        first = self._data[begin : begin + 1]
        if first == b"]" and self._path:
            self._done = True
        if not first or self._done:
            return None
        if first in (b"]", b"}", b":"):
            text = f"the JSON has {first.decode()!r} where row {self._rows + 1} should begin"
            raise BadInput("body", f"The input cannot be read: {text}.")
        end = value_end(self._data, begin, None if begin else self._begun)
        self._begun = None
        if isinstance(end, Open):
            self._begun = Open(end.position - begin, end.depth) if end.depth else None
            return None
        return begin, end

    def _pass_on(self) -> Iterator[bytes]:
        """Pass on a value that is too long, up to its end."""
        data = self._data
        end = self._scanner.end(data) if self._scanner else None
        yield data[:end].replace(b"\n", b" ").replace(b"\r", b" ")
        self._data = b"" if end is None else self._data[end:]
        if end is not None:
            self._scanner, self._rows = None, self._rows + 1
            yield b"\n"

    def _blank(self, position: int) -> int:
        match = _BLANKS.match(self._data, position)
        return match.end() if match else position


def _as_lines(rows: list[bytes]) -> bytes:
    lines = b"\n".join(rows) + b"\n"
    if lines.count(b"\n") == len(rows) and b"\r" not in lines:
        return lines
    return b"".join(on_one_line(row) + b"\n" for row in rows)


def _between(data: bytes, position: int) -> int:
    """Where the next value begins, or the bracket that closes the array."""
    match = _BETWEEN.match(data, position)
    return match.end() if match else position
