"""Which type the values of a column have."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any

NULLS = frozenset({"NA", "N/A", "n/a", "NULL", "null", "None", "NaN", "nan", "-", "\\N"})
"""Texts that mean a missing value, where the other values of a column have a type."""
LARGEST_EXACT = 2**53
"""Beyond it JSON's numbers are not exact, so such a number stays text."""
EXACT_DIGITS = 15
"""Digits that a float keeps."""
MOST_ODD = 0.01
"""The share of the rows that may be wrong without making their column text."""
_INT, _FLOAT = re.compile(r"[+-]?(0|[1-9][0-9]*)"), re.compile(r"[+-]?[0-9]*\.?[0-9]+([eE][+-]?[0-9]+)?")
_POINTS = re.compile(r"[+-]?[0-9]{1,3}(,[0-9]{3})*(\.[0-9]+)?")
_COMMAS = re.compile(r"[+-]?([0-9]{1,3}(\.[0-9]{3})+|[0-9]+)(,[0-9]+)?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIMES = ("", " %H:%M", " %H:%M:%S", "T%H:%M:%S")
_DAYS = ("%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%Y/%m/%d", "%d.%m.%y", "%m/%d/%y")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A type as a row class writes it. `imports` are names by their modules, `note` what a person should look at."""

    annotation: str
    imports: tuple[tuple[str, str], ...] = ()
    is_number: bool = False
    is_text: bool = False
    note: str = ""


TEXT = Kind(annotation="str", is_text=True)
INT, FLOAT = Kind(annotation="int", is_number=True), Kind(annotation="float", is_number=True)
BOOL = Kind(annotation="bool")
DECIMAL = Kind(annotation="Decimal", imports=(("decimal", "Decimal"),), is_number=True)
DATE = Kind(annotation="date", imports=(("datetime", "date"),))
DATETIME = Kind(annotation="datetime", imports=(("datetime", "datetime"),))
LIST = Kind(annotation="list[Any]", imports=(("typing", "Any"),))
OBJECT = Kind(annotation="dict[str, Any]", imports=(("typing", "Any"),))


def kind_of(name: str, values: Collection[Any], *, semicolons: bool = False) -> Kind:
    """The type of values without None. `semicolons`: they separate the fields, as where a comma is the decimal mark."""
    if not values:
        return TEXT
    if all(isinstance(value, str) for value in values):
        return _of_texts(name, list(dict.fromkeys(values)), semicolons)
    return _of_json({type(value) for value in values})


def odd_texts(name: str, counts: Mapping[str, int], *, semicolons: bool = False) -> set[str]:
    """The texts that have no type by themselves, if at most MOST_ODD of the rows have them; none where more have.

    Digits alone, as with a leading zero, are text for a reason, so their column stays text.
    """
    odd, room = set[str](), MOST_ODD * sum(counts.values())
    for text, rows in counts.items():
        if kind_of(name, [text], semicolons=semicolons).is_text:
            room -= rows
            if room < 0 or text.isdecimal():
                return set()
            odd.add(text)
    return odd


def _of_json(types: set[type]) -> Kind:
    single = {bool: BOOL, int: INT, float: FLOAT, str: TEXT, list: LIST, dict: OBJECT, datetime: DATETIME, date: DATE}
    if len(types) == 1:
        return single.get(next(iter(types)), TEXT)
    return FLOAT if types <= {int, float} else Kind(annotation="Any", imports=(("typing", "Any"),))


def _of_texts(name: str, texts: Sequence[str], semicolons: bool) -> Kind:
    def fits(pattern: re.Pattern[str]) -> bool:
        return all(pattern.fullmatch(text) for text in texts)

    if all(text.lower() in ("true", "false") for text in texts):
        return BOOL
    if re.search("date|day", name, re.IGNORECASE) and _parses(texts, _compact):
        return _of_form("%Y%m%d", "date")
    if fits(_INT):
        return INT if all(abs(int(text)) <= LARGEST_EXACT for text in texts) else TEXT
    if fits(_FLOAT):
        return _of_floats(texts)
    if fits(_POINTS) and not (semicolons and fits(_COMMAS)):
        return _of_marks(".", ",")
    if fits(_COMMAS):
        return _of_marks(",", ".")
    return _of_dates(texts)


def _of_floats(texts: Sequence[str]) -> Kind:
    """Leading zeros, as of a postal code, are text; more digits than a float keeps are a Decimal."""
    digits = [re.sub(r"[eE].*|[^0-9]", "", text) for text in texts]
    if any(len(one) > 1 and one.startswith("0") and "." not in text for one, text in zip(digits, texts, strict=True)):
        return TEXT
    return DECIMAL if any(len(one.lstrip("0")) > EXACT_DIGITS for one in digits) else FLOAT


def _of_marks(decimal: str, thousands: str) -> Kind:
    given = [f'decimal="{decimal}"'] if decimal != "." else []
    given.append(f'thousands="{thousands}"')
    call = f"Number({', '.join(given)})"
    return Kind(
        annotation=f"Annotated[float, {call}]",
        imports=(("typing", "Annotated"), ("outlast.report", "Number")),
        is_number=True,
    )


def _of_dates(texts: Sequence[str]) -> Kind:
    if all(_DAY.fullmatch(text) for text in texts) and _parses(texts, date.fromisoformat):
        return DATE
    if all(_DAY.match(text) for text in texts) and _parses(texts, datetime.fromisoformat):
        return DATETIME
    forms = [f"{day}{time}" for day in _DAYS for time in _TIMES]
    fitting = [form for form in forms if _parses(texts, partial(_in_form, form))]
    if not fitting:
        return TEXT
    kind = _of_form(fitting[0], "datetime" if "%H" in fitting[0] else "date")
    others = f"{fitting[0]} and {fitting[1]} both fit" if len(fitting) > 1 else ""
    return Kind(annotation=kind.annotation, imports=kind.imports, note=others)


def _of_form(form: str, kind: str) -> Kind:
    return Kind(
        annotation=f'Annotated[{kind}, Date("{form}")]',
        imports=(("datetime", kind), ("typing", "Annotated"), ("outlast.report", "Date")),
    )


def _in_form(form: str, text: str) -> datetime:
    return datetime.strptime(text, form)  # noqa: DTZ007  # whether it parses is all that counts


def _compact(text: str) -> datetime:
    if not re.fullmatch("(19|20)[0-9]{6}", text):
        raise ValueError(text)
    return _in_form("%Y%m%d", text)


def _parses(texts: Sequence[str], parse: Callable[[str], Any]) -> bool:
    try:
        for text in texts:
            parse(text)
    except ValueError:
        return False
    return True
