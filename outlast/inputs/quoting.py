"""Where CSV records end when quotes are involved (RFC 4180, section 2), in time linear in the data whatever it holds.

A line is judged by itself, twice: as one that starts a record, and as one that starts inside a quoted field. It then
ends the record, ends inside a quoted field, or is malformed. A quoted field that spans lines ends with the first
line, judged from inside, that does not end inside again. That line is the same for all lines before it, so it is looked
for once: without this, lines that each open a quote would each be followed to the end of the data.
"""

import re
from dataclasses import dataclass, field

MAX_QUOTED = 1024 * 1024
"""Bytes. A record of more than one line that is longer than this counts as one whose quote is never closed."""

SHORT = 16 * 1024
"""Bytes. Up to this size a record is first taken for a sound one."""

# Possessive throughout: no pattern ever goes back, so each is linear. A quote opens a field behind a comma, a line end
# or nothing; behind anything else it is literal.
_INSIDE = rb'[^"]*+(?:""[^"]*+)*+'
_OPENS = rb'(?<![^,\n])"'
_CLOSES = rb'"(?=,|\r*+(?:\n|\Z))'
_FIELDS = rb'(?:[^"\n]*+(?:%s%s%s|(?<=[^,\n])"))*+[^"\n]*+'
_REST = _FIELDS % (_OPENS, _INSIDE, _CLOSES) + rb"(?:\n?\Z|(?P<open>%s%s\Z))" % (_OPENS, _INSIDE)
_FROM_START = re.compile(_REST)
_FROM_INSIDE = re.compile(rb"%s(?:(?P<inside>\Z)|%s%s)" % (_INSIDE, _CLOSES, _REST))
_RECORD = re.compile(_FIELDS % (_OPENS, _INSIDE, _CLOSES) + rb"\n")
_SPLIT = re.compile(r'(?:"([^"]*+(?:""[^"]*+)*+)"|([^,]*+))(,|\Z)')


@dataclass(slots=True)
class Quotes:
    """Finds the ends of records in `data`, which starts at a record boundary. Ask in ascending order of `start`."""

    data: bytes
    at_end: bool
    max_quoted: int
    _careful_until: int = 0
    _known: range = field(default=range(0))
    _closing: tuple[int, bool] | None = None

    def easy_end(self, start: int, stop: int) -> int | None:
        """The end of the record at `start` if it is sound, short and ends at or before `stop`; None tells nothing.

        What was looked at in vain is not looked at again, so trying costs each byte once.
        """
        if start < self._careful_until:
            return None
        stop = min(stop, start + min(SHORT, self.max_quoted))
        if match := _RECORD.match(self.data, start, stop):
            return match.end()
        self._careful_until = stop
        return None

    def ends(self, start: int, line_end: int) -> tuple[int, bool] | None:
        """The end of the record whose first line is data[start:line_end], and whether its quoting is sound.

        A record whose quoting is not sound ends with its first line. None: more data is needed to tell.
        """
        if easy := self.easy_end(start, len(self.data)):
            return easy, True
        match = _FROM_START.match(self.data, start, line_end)
        if not match or match.lastgroup is None:
            return line_end, bool(match)
        closing = self._close(line_end)
        if closing is None:
            given_up = self.at_end or len(self.data) - start > self.max_quoted
            return (line_end, False) if given_up else None
        end, sound = closing
        return (end, True) if sound and end - start <= self.max_quoted else (line_end, False)

    def _close(self, inside: int) -> tuple[int, bool] | None:
        """The end of the line that ends the quoted field that the line at `inside` starts in, and whether it is sound;
        None when there is none in the data."""
        if inside not in self._known:
            line, self._closing = self._follow(inside)
            self._known = range(inside, line + 1)
        return self._closing

    def _follow(self, position: int) -> tuple[int, tuple[int, bool] | None]:
        """As `_close`, without looking at what is known; and where that line starts."""
        while (quote := self.data.find(b'"', position)) >= 0:
            line = self.data.rfind(b"\n", position, quote) + 1 or position
            line_end = self.data.find(b"\n", quote) + 1 or len(self.data)
            if not self.at_end and not self.data.endswith(b"\n", line, line_end):
                break
            match = _FROM_INSIDE.match(self.data, line, line_end)
            if not match or match.lastgroup is None:
                return line, (line_end, bool(match))
            position = line_end
        return len(self.data), None


def split(record: str) -> list[str]:
    """The fields of a record whose quoting is sound, without its line end."""
    fields = []
    for match in _SPLIT.finditer(record):
        quoted, plain, comma = match.groups()
        fields.append(plain if quoted is None else quoted.replace('""', '"'))
        if not comma:
            break
    return fields
