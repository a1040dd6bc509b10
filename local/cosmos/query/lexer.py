"""The text of a query as tokens."""

import math
import re
from dataclasses import dataclass

from local.cosmos.query.errors import query_error

PATTERN = re.compile(
    r"""
      (?P<space>\s+|--[^\n]*|/\*.*?\*/)
    | (?P<number>0[xX][0-9A-Fa-f]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<parameter>@[A-Za-z_][A-Za-z0-9_]*)
    | (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<op>\?\?|\|\||<<|>>>|>>|<=|>=|!=|<>|[-+*/%&|^~=<>.,:?()\[\]{}])
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)
LONGEST_WHOLE = 17  # characters; any such whole number fits into 64 bits


@dataclass(slots=True, frozen=True)
class Token:
    """A piece of the text and its position."""

    kind: str
    text: str
    start: int
    end: int

    @property
    def keyword(self) -> str:
        """A name in upper case, because keywords are not case-sensitive."""
        return self.text.upper() if self.kind == "name" else ""


def tokens(text: str) -> list[Token]:
    """All tokens of a query, and an end token."""
    found, at = [], 0
    while at < len(text):
        match = PATTERN.match(text, at)
        if match is None:
            raise query_error(f"Syntax error, invalid character or literal near '{text[at : at + 20]}'.", at, at + 1)
        kind = match.lastgroup or ""
        if kind != "space":
            found.append(Token(kind, match.group(), at, match.end()))
        at = match.end()
    found.append(Token("end", "", at, at))
    return found


def string_value(token: Token) -> str:
    """The value of a quoted string. A character above U+FFFF may be escaped as the surrogate pair that JSON writes."""
    value = ESCAPE.sub(_unescape, token.text[1:-1])
    try:
        return value.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        message = "Syntax error, a string has half of a surrogate pair."
        raise query_error(message, token.start, token.end) from None


def number_value(token: Token) -> int | float:
    """The value of a number: an int where it is written as one and fits into JSON; raises 400 where it is infinite."""
    text = token.text
    try:
        if text[:2] in {"0x", "0X"}:
            value = float(int(text, 16)) if len(text) > LONGEST_WHOLE else int(text, 16)
        else:
            value = int(text) if text.isdecimal() and len(text) <= LONGEST_WHOLE else float(text)
    except OverflowError:
        value = math.inf
    if value == math.inf:
        raise query_error(f"Syntax error, the number '{text[:20]}' is too large.", token.start, token.end)
    return value


def _unescape(match: re.Match[str]) -> str:
    code = match.group(1)
    if len(code) == 5:
        return chr(int(code[1:], 16))
    return ESCAPES.get(code, code)
