"""The constraints of route parameters: those of ASP.NET Core, which the Azure host uses."""

import re
from collections.abc import Callable
from datetime import datetime

Check = Callable[[str], bool]
INT, LONG = 1 << 31, 1 << 63
NUMBER = r"\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?\s*"
GUID = r"\{?\(?[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}\)?\}?"
DATES = ("%m/%d/%Y", "%m/%d/%Y %H:%M:%S", "%d %b %Y", "%b %d %Y")  # beside ISO 8601
WRITTEN = re.compile(r":(\w+)(?:\((.*?)\)(?=:|$))?", re.DOTALL)


class Unknown(Exception):
    """No constraint has this name or takes these arguments. The text is what was written."""


def checks_of(text: str) -> list[Check]:
    """Return the checks of a text such as `:int:range(1,5)`; raise Unknown."""
    checks, position = [], 0
    while position < len(text):
        found = WRITTEN.match(text, position)
        if found is None:
            raise Unknown(text[position:])
        checks.append(_check(found[1].lower(), found[2], found[0][1:]))
        position = found.end()
    return checks


def _check(name: str, arguments: str | None, written: str) -> Check:
    try:
        if arguments is None:
            return PLAIN[name]
        if name == "regex":
            pattern = re.compile(arguments, re.IGNORECASE)
            return lambda value: pattern.search(value) is not None
        return WITH_NUMBERS[name](*map(int, arguments.split(",")))
    except (KeyError, ValueError, TypeError, re.error):
        raise Unknown(written) from None


def _pattern(expression: str) -> Check:
    compiled = re.compile(expression, re.IGNORECASE)
    return lambda value: compiled.fullmatch(value) is not None


def _within(low: int, high: int) -> Check:
    """Check for a whole number from `low` to `high`."""
    return lambda value: re.fullmatch(r"\s*[-+]?\d+\s*", value) is not None and low <= int(value) <= high


def _length(low: int, high: int) -> Check:
    return lambda value: low <= len(value) <= high


def _is_date(value: str) -> bool:
    return any(_parses(value, form) for form in ("", *DATES))


def _parses(value: str, form: str) -> bool:
    try:
        datetime.strptime(value, form) if form else datetime.fromisoformat(value)  # noqa: DTZ007 - only whether it is one
    except ValueError:
        return False
    return True


PLAIN: dict[str, Check] = {
    "int": _within(-INT, INT - 1),
    "long": _within(-LONG, LONG - 1),
    "alpha": _pattern("[a-z]*"),
    "bool": _pattern(r"\s*(?:true|false)\s*"),
    "decimal": _pattern(NUMBER),
    "double": _pattern(NUMBER),
    "float": _pattern(NUMBER),
    "guid": _pattern(GUID),
    "datetime": _is_date,
    "required": bool,
}
WITH_NUMBERS: dict[str, Callable[..., Check]] = {
    "min": lambda low: _within(low, LONG - 1),
    "max": lambda high: _within(-LONG, high),
    "range": _within,
    "minlength": lambda low: _length(low, LONG),
    "maxlength": lambda high: _length(0, high),
    "length": lambda low, high=None: _length(low, low if high is None else high),
}
