"""The built-in functions. A wrong argument type gives undefined, as in the service."""

import math
import re
import sys
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from local.cosmos.query.date_functions import DATE_FUNCTIONS
from local.cosmos.query.string_functions import TEXT_FUNCTIONS, Function, Functions
from local.cosmos.query.values import UNDEFINED, number, same, sort_key, tidy


def _numeric(function: Callable[[float], float]) -> Function:
    def call(value: Any) -> Any:
        if not number(value):
            return UNDEFINED
        try:
            return tidy(function(value))
        except (ValueError, OverflowError, ZeroDivisionError):
            return UNDEFINED

    return call


def _round(value: float) -> float:
    return math.floor(abs(value) + 0.5) * (1 if value >= 0 else -1)


def _array_contains(values: Any, wanted: Any, partial: Any = False) -> Any:
    if not isinstance(values, list) or wanted is UNDEFINED:
        return UNDEFINED
    if partial is True and isinstance(wanted, dict):
        return any(
            isinstance(value, dict) and all(name in value and same(value[name], wanted[name]) for name in wanted)
            for value in values
        )
    return any(same(value, wanted) for value in values)


def _array_contains_some(every: Callable[[Iterable[bool]], bool]) -> Function:
    def call(values: Any, *wanted: Any) -> Any:
        if not isinstance(values, list):
            return UNDEFINED
        return every(any(same(value, one) for value in values) for one in wanted)

    return call


def _set_of(first: Any, second: Any, *, common: bool) -> Any:
    """The values of either array, or the common ones; each once, in order of appearance."""
    if not isinstance(first, list) or not isinstance(second, list):
        return UNDEFINED
    found: dict[Any, Any] = {}
    there = {sort_key(value) for value in second}
    for value in first if common else first + second:
        if not common or sort_key(value) in there:
            found.setdefault(sort_key(value), value)
    return list(found.values())


def _set_difference(first: Any, second: Any) -> Any:
    """The values of the first array that the second lacks, each once."""
    if not isinstance(first, list) or not isinstance(second, list):
        return UNDEFINED
    there = {sort_key(value) for value in second}
    return [value for value in _set_of(first, [], common=False) if sort_key(value) not in there]


def _choose(index: Any, *options: Any) -> Any:
    """The option at an index that counts from 1."""
    if not number(index) or not 1 <= index <= len(options):
        return UNDEFINED
    return options[int(index) - 1]


def _number_bin(value: Any, size: Any = 1) -> Any:
    """A number, rounded down to a multiple of the size."""
    if not number(value) or not number(size) or size == 0:
        return UNDEFINED
    return tidy(math.floor(value / size) * size)


def _object_to_array(value: Any, name: Any = "k", content: Any = "v") -> Any:
    if not isinstance(value, dict) or not isinstance(name, str) or not isinstance(content, str):
        return UNDEFINED
    return [{name: key, content: inner} for key, inner in value.items()]


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


FUNCTIONS: Functions = {  # fewest and most arguments
    **TEXT_FUNCTIONS,
    **DATE_FUNCTIONS,
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
    "PI": (0, 0, lambda: math.pi),
    "SIN": (1, 1, _numeric(math.sin)),
    "COS": (1, 1, _numeric(math.cos)),
    "TAN": (1, 1, _numeric(math.tan)),
    "COT": (1, 1, _numeric(lambda value: 1 / math.tan(value))),
    "ASIN": (1, 1, _numeric(math.asin)),
    "ACOS": (1, 1, _numeric(math.acos)),
    "ATAN": (1, 1, _numeric(math.atan)),
    "ATN2": (2, 2, lambda y, x: math.atan2(y, x) if number(y) and number(x) else UNDEFINED),
    "DEGREES": (1, 1, _numeric(math.degrees)),
    "RADIANS": (1, 1, _numeric(math.radians)),
    "ARRAY_CONTAINS": (2, 3, _array_contains),
    "ARRAY_CONTAINS_ANY": (2, None, _array_contains_some(any)),
    "ARRAY_CONTAINS_ALL": (2, None, _array_contains_some(all)),
    "SETDIFFERENCE": (2, 2, _set_difference),
    "SETINTERSECT": (2, 2, partial(_set_of, common=True)),
    "SETUNION": (2, 2, partial(_set_of, common=False)),
    "ARRAY_LENGTH": (1, 1, lambda value: len(value) if isinstance(value, list) else UNDEFINED),
    "ARRAY_SLICE": (2, 3, _array_slice),
    "ARRAY_CONCAT": (2, None, _array_concat),
    "IS_DEFINED": (1, 1, lambda value: value is not UNDEFINED),
    "IS_NULL": (1, 1, lambda value: value is None),
    "IS_BOOL": (1, 1, lambda value: isinstance(value, bool)),
    "IS_NUMBER": (1, 1, number),
    "IS_INTEGER": (1, 1, _is_integer),
    "IS_FINITE_NUMBER": (1, 1, number),  # JSON has no infinite numbers
    "IS_STRING": (1, 1, lambda value: isinstance(value, str)),
    "IS_ARRAY": (1, 1, lambda value: isinstance(value, list)),
    "IS_OBJECT": (1, 1, lambda value: isinstance(value, dict)),
    "IS_PRIMITIVE": (1, 1, lambda value: value is not UNDEFINED and not isinstance(value, list | dict)),
    "IIF": (3, 3, lambda test, yes, no: yes if test is True else no),
    "CHOOSE": (2, None, _choose),
    "NUMBERBIN": (1, 2, _number_bin),
    "OBJECTTOARRAY": (1, 3, _object_to_array),
    "GREATEST": (1, None, lambda *values: _greatest(values, last=True)),
    "LEAST": (1, None, lambda *values: _greatest(values, last=False)),
}
LACKING = frozenset(  # the service has them, the emulator does not
    re.findall(
        r"\w+",
        """RAND INTADD INTBITAND INTBITLEFTSHIFT INTBITNOT INTBITOR INTBITRIGHTSHIFT INTBITXOR INTDIV INTMOD INTMUL
        INTSUB ARRAY_MIN ARRAY_MAX ARRAY_AVG ARRAY_SUM ARRAY_MEDIAN ST_AREA ST_DISTANCE ST_WITHIN ST_INTERSECTS
        ST_ISVALID ST_ISVALIDDETAILED VECTORDISTANCE FULLTEXTCONTAINS FULLTEXTCONTAINSALL FULLTEXTCONTAINSANY
        FULLTEXTSCORE RRF DOCUMENTID COUNTIF MAKELIST MAKESET STDEV VARIANCE""",
    )
)
