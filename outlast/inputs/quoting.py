"""Finds the ends of CSV records with quotes (RFC 4180, section 2), in time linear in the size of any data.

A line is matched alone, in two ways: as a line that starts a record, and as a line that starts inside a quoted field.
Either way it ends the record, ends inside a quoted field, or is malformed. A quoted field that spans lines ends with
the first line that, matched from inside, does not end inside again. That line is the same for all lines before it, so
it is searched once. Otherwise data in which each line opens a quote would be searched to its end for each line.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache

MAX_QUOTED = 1024 * 1024
"""Bytes. In a longer record of several lines, the quote counts as never closed."""

SHORT = 16 * 1024
"""Bytes. Up to this size, a record is first matched as a sound one."""


@dataclass(frozen=True, slots=True)
class Patterns:
    """The patterns for one delimiter, quote and escape."""

    quote: bytes
    record: re.Pattern[bytes]
    from_start: re.Pattern[bytes]
    from_inside: re.Pattern[bytes]
    field: re.Pattern[str]
    escaped: re.Pattern[str] | None

    def split(self, record: str) -> list[str]:
        """The fields of a record with sound quoting and without a line end."""
        quote, fields = self.quote.decode(), []
        for match in self.field.finditer(record):
            quoted, plain, delimiter = match.groups()
            fields.append(self._unescaped(plain) if quoted is None else self._unquoted(quoted, quote))
            if not delimiter:
                break
        return fields

    def _unquoted(self, text: str, quote: str) -> str:
        if self.escaped is None:
            return text.replace(quote * 2, quote)
        return self.escaped.sub(lambda match: match[1] or match[2], text)

    def _unescaped(self, text: str) -> str:
        if self.escaped is None:
            return text
        return self.escaped.sub(lambda match: match[1] or match[0], text)


@lru_cache(maxsize=64)
def patterns_for(delimiter: str, quote: str, escape: str) -> Patterns:
    """All quantifiers are possessive: no pattern backtracks, so each is linear.

    A quote opens a field after a delimiter, a line end or nothing; after anything else it is literal. An escape takes
    the next character as it is, but not a line end outside quotes.
    """
    d, q, e = (re.escape(mark) for mark in (delimiter, quote, escape))
    more = rf"|{e}(?:.|\Z)" if e else ""
    inside = rf"[^{q}{e}]*+(?:(?:{q}{q}{more})[^{q}{e}]*+)*+"
    opens, closes = rf"(?<![^{d}\n]){q}", rf"{q}(?={d}|\r*+(?:\n|\Z))"
    literal = rf"(?<=[^{d}\n]){q}" + (rf"|{e}(?:[^\n]{q}*+|(?=\n|\Z))" if e else "")
    plain = rf"[^{q}{e}\n]*+"
    fields = rf"(?:{plain}(?:{opens}{inside}{closes}|{literal}))*+{plain}"
    rest = rf"{fields}(?:\n?\Z|(?P<open>{opens}{inside}\Z))"
    kept = rf"[^{d}{e}]*+(?:{e}(?:.|\Z)[^{d}{e}]*+)*+" if e else rf"[^{d}]*+"
    return Patterns(
        quote.encode(),
        _compiled(rf"{fields}\n"),
        _compiled(rest),
        _compiled(rf"{inside}(?:(?P<inside>\Z)|{closes}{rest})"),
        re.compile(rf"(?:{q}({inside}){q}(?={d}|\Z)|({kept}))({d}|\Z)", re.DOTALL),
        re.compile(rf"{e}(.)|{q}({q})", re.DOTALL) if e else None,
    )


def _compiled(pattern: str) -> re.Pattern[bytes]:
    return re.compile(pattern.encode(), re.DOTALL)


RFC_4180 = patterns_for(",", '"', "")


@dataclass(slots=True)
class Quotes:
    """Finds the ends of records in `data`, which starts at a record boundary. Ask in ascending order of `start`."""

    data: bytes
    at_end: bool
    max_quoted: int
    patterns: Patterns = RFC_4180
    _careful_until: int = 0
    _known: range = field(default=range(0))
    _closing: tuple[int, bool] | None = None

    def easy_end(self, start: int, stop: int) -> int | None:
        """The end of the record at `start` if it is sound, short and ends at or before `stop`; else None.

        Data without a match is not tried again, so trying costs each byte once.
        """
        if start < self._careful_until:
            return None
        stop = min(stop, start + min(SHORT, self.max_quoted))
        if match := self.patterns.record.match(self.data, start, stop):
            return match.end()
        self._careful_until = stop
        return None

    def ends(self, start: int, line_end: int) -> tuple[int, bool] | None:
        """The end of the record whose first line is data[start:line_end], and whether its quoting is sound.

        A record whose quoting is not sound ends with its first line. None means that more data is needed.
        """
        if easy := self.easy_end(start, len(self.data)):
            return easy, True
        match = self.patterns.from_start.match(self.data, start, line_end)
        if not match or match.lastgroup is None:
            return line_end, bool(match)
        closing = self._close(line_end)
        if closing is None:
            given_up = self.at_end or len(self.data) - start > self.max_quoted
            return (line_end, False) if given_up else None
        end, sound = closing
        return (end, True) if sound and end - start <= self.max_quoted else (line_end, False)

    def _close(self, inside: int) -> tuple[int, bool] | None:
        """The end of the line that closes the quoted field in which the line at `inside` starts, and whether it is
        sound. None when the data does not contain that line."""
        if inside not in self._known:
            line, self._closing = self._follow(inside)
            self._known = range(inside, line + 1)
        return self._closing

    def _follow(self, position: int) -> tuple[int, tuple[int, bool] | None]:
        """Search what `_close` returns. The first value is where the line starts."""
        quote = self.patterns.quote
        while (found := self.data.find(quote, position)) >= 0:
            line = self.data.rfind(b"\n", position, found) + 1 or position
            line_end = self.data.find(b"\n", found) + 1 or len(self.data)
            if not self.at_end and not self.data.endswith(b"\n", line, line_end):
                break
            match = self.patterns.from_inside.match(self.data, line, line_end)
            if not match or match.lastgroup is None:
                return line, (line_end, bool(match))
            position = line_end
        return len(self.data), None
