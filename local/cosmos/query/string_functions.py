"""The built-in functions of strings, and LIKE. A wrong argument type gives undefined, as in the service."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import orjson

from local.cosmos.nesting import NESTING_LIMIT, depth
from local.cosmos.query.regex_match import RegexMatch
from local.cosmos.query.values import UNDEFINED, number, tidy

Function = Callable[..., Any]
LONGEST_TEXT = 1_000_000  # characters of a result
Functions = dict[str, tuple[int, int | None, Function]]  # fewest and most arguments


def _text(*values: Any) -> bool:
    return all(isinstance(value, str) for value in values)


def _of_text(function: Callable[[str], Any]) -> Function:
    return lambda value: function(value) if isinstance(value, str) else UNDEFINED


def _compare_text(test: Callable[[str, str], bool]) -> Function:
    def call(text: Any, part: Any, ignore_case: Any = False) -> Any:
        if not _text(text, part) or not isinstance(ignore_case, bool):
            return UNDEFINED
        return test(text.lower(), part.lower()) if ignore_case else test(text, part)

    return call


def _concat(*parts: Any) -> Any:
    return "".join(parts) if _text(*parts) else UNDEFINED


def _substring(text: Any, start: Any, length: Any) -> Any:
    if not _text(text) or not number(start) or not number(length):
        return UNDEFINED
    first = max(0, int(start))
    return text[first : first + max(0, int(length))]


def _index_of(text: Any, part: Any, start: Any = 0) -> Any:
    return text.find(part, int(start)) if _text(text, part) and number(start) else UNDEFINED


def _replace(text: Any, old: Any, new: Any) -> Any:
    return text.replace(old, new) if _text(text, old, new) and old else UNDEFINED


def _left(text: Any, count: Any) -> Any:
    return text[: max(0, int(count))] if _text(text) and number(count) else UNDEFINED


def _right(text: Any, count: Any) -> Any:
    if not _text(text) or not number(count):
        return UNDEFINED
    return text[-int(count) :] if count >= 1 else ""


def _replicate(text: Any, count: Any) -> Any:
    if not _text(text) or not number(count) or count < 0 or max(1, len(text)) * count > 10_000:
        return UNDEFINED
    return text * int(count)


def _to_string(value: Any) -> Any:
    if value is UNDEFINED:
        return UNDEFINED
    return value if isinstance(value, str) else orjson.dumps(tidy(value) if number(value) else value).decode()


def _from_text(*kinds: type) -> Function:
    """A function that parses a text as a JSON value of certain types. Anything else is undefined."""

    def call(text: Any) -> Any:
        try:
            value = orjson.loads(text.strip()) if _text(text) else UNDEFINED
        except orjson.JSONDecodeError:
            return UNDEFINED
        return value if type(value) in kinds and depth([value]) <= NESTING_LIMIT + 1 else UNDEFINED

    return call


def _string_to_number(text: Any) -> Any:
    try:
        return tidy(float(text.strip())) if _text(text) else UNDEFINED
    except ValueError:
        return UNDEFINED


@lru_cache(maxsize=64)
def _like_pattern(text: str) -> re.Pattern[str]:
    """The text between two % is searched once, at its first match, because a later match never helps."""
    parts = [""]
    for piece in re.findall(r"\[\^?[^\]]+\]|.", text, re.DOTALL):
        if piece == "%":
            parts.append("")
        else:
            parts[-1] += _character(piece)
    first, last = parts[0], parts[-1]
    inner = "".join(f"(?>.*?{part})" for part in parts[1:-1])
    return re.compile(f"{first}{inner}.*{last}" if len(parts) > 1 else first, re.DOTALL)


def _character(piece: str) -> str:
    """One character or class of a LIKE pattern, as a regular expression."""
    if len(piece) == 1:
        return "." if piece == "_" else re.escape(piece)
    return "[" + re.sub(r"[\[\\&~|]", r"\\\g<0>", piece[1:-1]) + "]"


def like(text: Any, pattern: Any) -> Any:
    """LIKE with % and _ and [a-z]."""
    if not _text(text, pattern):
        return UNDEFINED
    try:
        return _like_pattern(pattern).fullmatch(text) is not None
    except re.error:
        return UNDEFINED


def _join(parts: Any, between: Any) -> Any:
    if not isinstance(parts, list) or not _text(between, *parts):
        return UNDEFINED
    text = between.join(parts)
    return text if len(text) <= LONGEST_TEXT else UNDEFINED


def _itself(character: str) -> str:
    return f"[{character}]" if character in "%_[" else character


def _like_escaped(text: Any, pattern: Any, escape: Any) -> Any:
    """LIKE … ESCAPE: the character behind the escape character stands for itself."""
    if not _text(pattern, escape) or len(escape) != 1:
        return UNDEFINED
    plain = re.sub(re.escape(escape) + "(.)", lambda found: _itself(found[1]), pattern, flags=re.DOTALL)
    return like(text, plain)


TEXT_FUNCTIONS: Functions = {
    "CONCAT": (2, None, _concat),
    "CONTAINS": (2, 3, _compare_text(lambda text, part: part in text)),
    "STARTSWITH": (2, 3, _compare_text(str.startswith)),
    "ENDSWITH": (2, 3, _compare_text(str.endswith)),
    "STRINGEQUALS": (2, 3, _compare_text(str.__eq__)),
    "STRING_EQUALS": (2, 3, _compare_text(str.__eq__)),
    "LENGTH": (1, 1, _of_text(len)),
    "LOWER": (1, 1, _of_text(str.lower)),
    "UPPER": (1, 1, _of_text(str.upper)),
    "TRIM": (1, 1, _of_text(str.strip)),
    "LTRIM": (1, 1, _of_text(str.lstrip)),
    "RTRIM": (1, 1, _of_text(str.rstrip)),
    "REVERSE": (1, 1, _of_text(lambda text: text[::-1])),
    "SUBSTRING": (3, 3, _substring),
    "INDEX_OF": (2, 3, _index_of),
    "REPLACE": (3, 3, _replace),
    "LEFT": (2, 2, _left),
    "RIGHT": (2, 2, _right),
    "REPLICATE": (2, 2, _replicate),
    "TOSTRING": (1, 1, _to_string),
    "STRINGTONUMBER": (1, 1, _string_to_number),
    "STRINGTOBOOLEAN": (1, 1, _from_text(bool)),
    "STRINGTONULL": (1, 1, _from_text(type(None))),
    "STRINGTOARRAY": (1, 1, _from_text(list)),
    "STRINGTOOBJECT": (1, 1, _from_text(dict)),
    "STRINGJOIN": (2, 2, _join),
    "STRINGSPLIT": (2, 2, lambda text, by: text.split(by) if _text(text, by) and by else UNDEFINED),
    "LIKE": (3, 3, _like_escaped),  # as the parser writes LIKE … ESCAPE
    "REGEXMATCH": (2, 3, RegexMatch),  # the compiler makes one for each call in a query
}
