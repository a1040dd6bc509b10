"""Splits a query into tokens."""

import re
from typing import NamedTuple


class Token(NamedTuple):
    """`kind` is name, number, timespan, text or mark."""

    kind: str
    text: str


class NotKusto(Exception):
    """The interpreter does not know this part of a query."""


_PATTERN = re.compile(
    r"""(?P<blank>\s+|//[^\n]*)
    |(?P<timespan>\d+(?:\.\d+)?(?:ms|d|h|m|s)\b)
    |(?P<number>\d+\.\d+|\d+)
    |(?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
    |(?P<name>[A-Za-z_]\w*)
    |(?P<mark>!in\b|==|!=|=~|<=|>=|[|()\[\],;.=<>+\-*/])""",
    re.VERBOSE,
)


def tokens_of(query: str) -> list[Token]:
    """Return the tokens of a query, without comments."""
    found: list[Token] = []
    position = 0
    while position < len(query):
        match = _PATTERN.match(query, position)
        if match is None:
            raise NotKusto(f"what is {query[position : position + 20]!r}?")
        if match.lastgroup != "blank":
            found.append(Token(str(match.lastgroup), match[0]))
        position = match.end()
    return found


class Tokens:
    """Reads tokens one after another."""

    def __init__(self, query: str) -> None:
        self._tokens = tokens_of(query)
        self._next = 0

    def peek(self, ahead: int = 0) -> Token:
        index = self._next + ahead
        return self._tokens[index] if index < len(self._tokens) else Token("end", "")

    def take(self) -> Token:
        token = self.peek()
        self._next += 1
        return token

    def takes(self, *texts: str) -> str | None:
        """Take the next token if it is one of these; return it, or None."""
        if self.peek().text in texts and self.peek().kind in ("mark", "name"):
            return self.take().text
        return None

    def need(self, text: str) -> None:
        if self.takes(text) is None:
            raise NotKusto(f"{text!r} is wanted, not {self.peek().text!r}")

    def name(self) -> str:
        token = self.take()
        if token.kind != "name":
            raise NotKusto(f"a name is wanted, not {token.text!r}")
        return token.text

    @property
    def done(self) -> bool:
        return self.peek().kind == "end"
