"""Parses JSON without the two losses of orjson: it rounds integers beyond 64 bits, and of equal names it drops all but
the last."""

import json
import re
from collections import Counter
from typing import Any

import orjson

_DIGITS = bytes.maketrans(b"123456789", b"000000000")
_LARGE = b"0" * 19
"""As many digits as an integer has that needs more than 64 bits. Searched this way they take a tenth of the time that a
regular expression takes."""
_TEXTS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"(\s*:)?', re.DOTALL)
"""All texts of valid JSON in order; the group is there for a name."""


def parse_json(text: bytes) -> Any:
    """The value of JSON text. Raises ValueError for no JSON or a repeated name, RecursionError for great depths."""
    value = orjson.loads(text)
    if _LARGE in text.translate(_DIGITS):
        value = json.loads(text)
    names = len(value) if type(value) is dict and text.count(b"{") == 1 else _names_of(value)
    if not _at_most(names, text) and _names_in(text) != names:
        raise ValueError(f"the name {(repeated_name(text) or '')[:100]!r} is in an object twice")
    return value


def _at_most(names: int, text: bytes) -> bool:
    """Whether the text surely has no more names. It is quick, and true for nearly all texts without repeated names.

    A name ends with a quote, and a colon follows directly or after a blank.
    """
    spaced = b" :" in text or b"\t:" in text or b"\r:" in text or b"\n:" in text
    return text.count(b'":') == names and not spaced


def _names_in(text: bytes) -> int:
    """Names that stand in the text."""
    return sum(1 for colon in _TEXTS.findall(text) if colon)


def _names_of(value: Any) -> int:
    """Names that the parsed value has, at every depth."""
    count, open_values = 0, [value]
    while open_values:
        current = open_values.pop()
        if type(current) is dict:
            count += len(current)
            open_values += current.values()
        elif type(current) is list:
            open_values += current
    return count


def repeated_name(text: bytes) -> str | None:
    """A name that an object of JSON text has more than once, so that one of its values would be lost; None for none."""
    found: list[str] = []

    def collect(members: list[tuple[str, Any]]) -> None:
        names = Counter(name for name, _ in members)
        found.extend(name for name, count in names.items() if count > 1)

    json.loads(text, object_pairs_hook=collect)
    return found[0] if found else None
