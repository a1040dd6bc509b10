"""Finds the ends of JSON values, in time linear in the size of any data. It knows texts and brackets, and no more."""

import re
from typing import NamedTuple

# All quantifiers are possessive: no pattern backtracks.
_TEXT = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_BETWEEN = rb'[^"{}\[\]]*+(?:%s[^"{}\[\]]*+)*+' % _TEXT
_NESTED = _BETWEEN
for _ in range(2):
    _NESTED = rb'[^"{}\[\]]*+(?:(?:%s|[{\[]%s[}\]])[^"{}\[\]]*+)*+' % (_TEXT, _NESTED)
_SHALLOW = re.compile(rb"[{\[]%s[}\]]" % _NESTED, re.DOTALL)
"""A value with at most two levels in it, as nearly all rows are."""
_FOLLOWING = re.compile(rb"[ \t\r\n]*+,?[ \t\r\n]*+(%s)" % _SHALLOW.pattern, re.DOTALL)
_BRACKET = re.compile(rb"%s([{}\[\]])" % _BETWEEN, re.DOTALL)
_STRING = re.compile(_TEXT, re.DOTALL)
_PLAIN = re.compile(rb'[^,\[\]{}"\s]++(?=[,\]}\s])')
_TEXT_OR_END = re.compile(rb"(%s)|[\r\n]" % _TEXT, re.DOTALL)


class Open(NamedTuple):
    """A value that goes on behind the data: brackets are read up to `position`, and `depth` of them are open."""

    position: int
    depth: int


def value_end(data: bytes, start: int, begun: Open | None = None) -> int | Open:
    """The end of the value at `start`, or how far it is read. `begun` is what an earlier call returned."""
    first = data[start]
    if first == 0x22:
        match = _STRING.match(data, start)
        return match.end() if match else Open(start, 0)
    if first not in b"{[":
        match = _PLAIN.match(data, start)
        return match.end() if match else Open(start, 0)
    if begun is None and (shallow := _SHALLOW.match(data, start)):
        return shallow.end()
    position, depth = begun or Open(start, 0)
    while match := _BRACKET.match(data, position):
        position = match.end()
        depth += 1 if match[1] in b"{[" else -1
        if not depth:
            return position
    return Open(position, depth)


def shallow_values(data: bytes, start: int, most: int) -> tuple[list[bytes], int]:
    """The objects and arrays that follow each other from `start` on, with commas or blanks between, and where they end.

    They have at most `most` bytes, and end before a value that is deep, no object or array, or not all there.
    """
    values: list[bytes] = []
    following = _FOLLOWING.scanner(data, start, start + most)  # type: ignore[attr-defined]  # typeshed lacks it
    while match := following.match():
        values.append(match[1])
        start = match.end()
    return values, start


def on_one_line(value: bytes) -> bytes:
    """The value without line ends. One inside a text is no JSON, and stays none."""
    if b"\n" not in value and b"\r" not in value:
        return value
    plain = _TEXT_OR_END.sub(lambda match: match[1] or b" ", value)
    return plain.replace(b"\n", b"\x01").replace(b"\r", b"\x01")


class Scanner:
    """Where a value ends that is fed piece by piece, for one too long to be held. Feed it from the value's start."""

    _STOPS = re.compile(rb'["{}\[\]]')
    _AFTER_PLAIN = re.compile(rb"[,\]}\s]")
    _IN_TEXT = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)

    def __init__(self, first: bytes) -> None:
        """`first` is the value's first byte."""
        self._plain = first not in (b'"', b"{", b"[")
        self._depth, self._in_text, self._escaped = 0, False, False

    def end(self, data: bytes) -> int | None:
        """The end of the value in this piece; None when it goes on."""
        if self._plain:
            stop = self._AFTER_PLAIN.search(data)
            return stop.start() if stop else None
        position = 0
        if self._escaped and data:
            position, self._escaped = 1, False
        while True:
            if self._in_text:
                match = self._IN_TEXT.match(data, position)
                position = match.end() if match else position
                if position >= len(data) or data[position] != 0x22:
                    self._escaped = position < len(data)
                    return None
                position, self._in_text = position + 1, False
                if not self._depth:
                    return position
            stop = self._STOPS.search(data, position)
            if stop is None:
                return None
            position = stop.end()
            if stop[0] == b'"':
                self._in_text = True
            else:
                self._depth += 1 if stop[0] in b"{[" else -1
                if self._depth <= 0:
                    return position
