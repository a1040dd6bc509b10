"""The built-in functions. A wrong argument type gives undefined, as in the service."""

import math
import re
import sys
import warnings
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import orjson

from local.cosmos.query.values import UNDEFINED, number, same, sort_key, tidy

Function = Callable[..., Any]


def _text(*values: Any) -> bool:
    return all(isinstance(value, str) for value in values)


def _numeric(function: Callable[[float], float]) -> Function:
    def call(value: Any) -> Any:
        if not number(value):
            return UNDEFINED
        try:
            return tidy(function(value))
        except (ValueError, OverflowError):
            return UNDEFINED

    return call


def _of_text(function: Callable[[str], Any]) -> Function:
    return lambda value: function(value) if isinstance(value, str) else UNDEFINED


def _compare_text(test: Callable[[str, str], bool]) -> Function:
    def call(text: Any, part: Any, ignore_case: Any = False) -> Any:
        if not _text(text, part) or not isinstance(ignore_case, bool):
            return UNDEFINED
        return test(text.lower(), part.lower()) if ignore_case else test(text, part)

    return call


def _round(value: float) -> float:
    return math.floor(abs(value) + 0.5) * (1 if value >= 0 else -1)


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


def _string_to_number(text: Any) -> Any:
    try:
        return tidy(float(text.strip())) if _text(text) else UNDEFINED
    except ValueError:
        return UNDEFINED


@lru_cache(maxsize=64)
def _pattern(text: str, flags: str) -> re.Pattern[str]:
    known = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL, "x": re.VERBOSE}
    with warnings.catch_warnings(action="ignore"):  # of what Python may read otherwise one day
        return re.compile(text, sum(known.get(flag, 0) for flag in flags))


def _regex(text: Any, pattern: Any, flags: Any = "") -> Any:
    try:
        return _pattern(pattern, flags).search(text) is not None if _text(text, pattern, flags) else UNDEFINED
    except re.error:
        return UNDEFINED


@lru_cache(maxsize=64)
def _like_pattern(text: str) -> re.Pattern[str]:
    """What stands between two % is looked for once, at its first place: any later one would do no better."""
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
    """One character of a LIKE pattern; in a class such as [a-z], what else has a meaning in Python's is escaped."""
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


def _array_contains(values: Any, wanted: Any, partial: Any = False) -> Any:
    if not isinstance(values, list) or wanted is UNDEFINED:
        return UNDEFINED
    if partial is True and isinstance(wanted, dict):
        return any(
            isinstance(value, dict) and all(name in value and same(value[name], wanted[name]) for name in wanted)
            for value in values
        )
    return any(same(value, wanted) for value in values)


def _array_slice(values: Any, start: Any, length: Any = sys.maxsize) -> Any:
    if not isinstance(values, list) or not number(start) or not number(length):
        return UNDEFINED
    first = int(start) if start >= 0 else max(0, len(values) + int(start))
    return values[first : first + max(0, int(length))]


def _array_concat(*arrays: Any) -> Any:
    if not all(isinstance(array, list) for array in arrays):
        return UNDEFINED
    return [value for array in arrays for value in array]


def _power(base: Any, exponent: Any) -> Any:
    if not number(base) or not number(exponent):
        return UNDEFINED
    try:
        result = float(base) ** float(exponent)
    except (OverflowError, ZeroDivisionError):
        return UNDEFINED
    return UNDEFINED if isinstance(result, complex) else tidy(result)


def _log(value: Any, base: Any = math.e) -> Any:
    if not number(value) or not number(base) or value <= 0 or base <= 0 or base == 1:
        return UNDEFINED
    return tidy(math.log(value) if base == math.e else math.log(value, base))


def _greatest(values: tuple[Any, ...], *, last: bool) -> Any:
    known = sorted((v for v in values if v is not UNDEFINED), key=sort_key)
    return (known[-1] if last else known[0]) if known else UNDEFINED


def _is_integer(value: Any) -> bool:
    return number(value) and float(value).is_integer()


FUNCTIONS: dict[str, tuple[int, int | None, Function]] = {  # fewest and most arguments
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
    "REGEXMATCH": (2, 3, _regex),
    "ABS": (1, 1, _numeric(abs)),
    "CEILING": (1, 1, _numeric(math.ceil)),
    "FLOOR": (1, 1, _numeric(math.floor)),
    "ROUND": (1, 1, _numeric(_round)),
    "TRUNC": (1, 1, _numeric(math.trunc)),
    "SQRT": (1, 1, _numeric(math.sqrt)),
    "SQUARE": (1, 1, _numeric(lambda value: value * value)),
    "EXP": (1, 1, _numeric(math.exp)),
    "LOG": (1, 2, _log),
    "LOG10": (1, 1, _numeric(math.log10)),
    "SIGN": (1, 1, _numeric(lambda value: (value > 0) - (value < 0))),
    "POWER": (2, 2, _power),
    "ARRAY_CONTAINS": (2, 3, _array_contains),
    "ARRAY_LENGTH": (1, 1, lambda value: len(value) if isinstance(value, list) else UNDEFINED),
    "ARRAY_SLICE": (2, 3, _array_slice),
    "ARRAY_CONCAT": (2, None, _array_concat),
    "IS_DEFINED": (1, 1, lambda value: value is not UNDEFINED),
    "IS_NULL": (1, 1, lambda value: value is None),
    "IS_BOOL": (1, 1, lambda value: isinstance(value, bool)),
    "IS_NUMBER": (1, 1, number),
    "IS_INTEGER": (1, 1, _is_integer),
    "IS_STRING": (1, 1, lambda value: isinstance(value, str)),
    "IS_ARRAY": (1, 1, lambda value: isinstance(value, list)),
    "IS_OBJECT": (1, 1, lambda value: isinstance(value, dict)),
    "IS_PRIMITIVE": (1, 1, lambda value: value is not UNDEFINED and not isinstance(value, list | dict)),
    "IIF": (3, 3, lambda test, yes, no: yes if test is True else no),
    "GREATEST": (1, None, lambda *values: _greatest(values, last=True)),
    "LEAST": (1, None, lambda *values: _greatest(values, last=False)),
}
LACKING = frozenset(  # the service has them, the emulator does not
    re.findall(
        r"\w+",
        """ACOS ASIN ATAN ATN2 COS COT DEGREES PI RADIANS RAND SIN TAN INTADD INTBITAND INTBITLEFTSHIFT INTBITNOT
        INTBITOR INTBITRIGHTSHIFT INTBITXOR INTDIV INTMOD INTMUL INTSUB NUMBERBIN IS_FINITE_NUMBER STRINGTOARRAY
        STRINGTOBOOLEAN STRINGTONULL STRINGTOOBJECT STRINGJOIN STRINGSPLIT ARRAY_CONTAINS_ALL ARRAY_CONTAINS_ANY
        SETINTERSECT SETUNION SETDIFFERENCE CHOOSE OBJECTTOARRAY DATETIMEADD DATETIMEBIN DATETIMEDIFF
        DATETIMEFROMPARTS DATETIMEPART DATETIMETOTICKS DATETIMETOTIMESTAMP GETCURRENTDATETIME GETCURRENTDATETIMESTATIC
        GETCURRENTTICKS GETCURRENTTICKSSTATIC GETCURRENTTIMESTAMP GETCURRENTTIMESTAMPSTATIC TICKSTODATETIME
        TIMESTAMPTODATETIME ST_AREA ST_DISTANCE ST_WITHIN ST_INTERSECTS ST_ISVALID ST_ISVALIDDETAILED VECTORDISTANCE
        FULLTEXTCONTAINS FULLTEXTCONTAINSALL FULLTEXTCONTAINSANY FULLTEXTSCORE RRF DOCUMENTID COUNTIF MAKELIST MAKESET
        STDEV VARIANCE""",
    )
)
