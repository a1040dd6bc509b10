"""The columns of a sample: their names in a row class, types, missing values, and how even their values are."""

import keyword
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import compress
from typing import Any, NamedTuple

from outlast_cli.new.types import NULLS, Kind, kind_of, odd_texts

TAKEN = frozenset(
    {"copy", "dict", "json", "schema", "validate", "construct", "from_orm", "parse_file", "parse_obj", "parse_raw"}
    | {"null_values", "update_forward_refs", "schema_json"}
)
"""Names that a row class has already."""
_LETTERS = {"ä": "ae", "ö": "oe", "ü": "ue", "æ": "ae", "ø": "oe", "œ": "oe", "ł": "l"}
_CAPITALS = {letter.upper(): text.upper() for letter, text in _LETTERS.items()}
_SPELLED = str.maketrans({**_LETTERS, **_CAPITALS, "ß": "ss", "ẞ": "SS"})
"""How letters are spelled that have no other form in ASCII, or whose other form is read wrongly."""


@dataclass(frozen=True)
class Column:
    """`values` are those of all rows of the sample that fit, None where one is missing. `field` is the name in the row
    class, `odd` the values that do not fit, one a row."""

    name: str
    field: str
    kind: Kind
    values: Sequence[Any]
    odd: Sequence[str] = ()

    @cached_property
    def texts(self) -> list[str]:
        return [str(value) for value in self.values]

    @cached_property
    def counts(self) -> Counter[Any]:
        """How often each value is there, as text."""
        return Counter(str(value) for value in self.values if value is not None)

    @property
    def distinct(self) -> int:
        return len(self.counts)

    @property
    def has_nulls(self) -> bool:
        return any(value is None for value in self.values)

    @property
    def is_plain(self) -> bool:
        """Whether the value can be a part of a key: one value, always there, and not a fraction."""
        is_fraction = self.kind.is_number and self.kind.annotation != "int"
        return not (self.has_nulls or is_fraction or self.kind.annotation.startswith(("list", "dict", "Any")))

    @property
    def largest_share(self) -> float:
        total = sum(self.counts.values())
        return max(self.counts.values(), default=0) / total if total else 1.0

    @property
    def effective(self) -> float:
        """As many equally frequent values would be as even: the exponential of the entropy (Hill number of order 1)."""
        total = sum(self.counts.values())
        return math.exp(-sum(n / total * math.log(n / total) for n in self.counts.values())) if total else 0.0

    @property
    def annotation(self) -> str:
        return f"{self.kind.annotation} | None" if self.has_nulls else self.kind.annotation


def read_columns(
    names: Sequence[str], rows: Sequence[Mapping[str, Any]], *, semicolons: bool = False
) -> tuple[list[Column], list[str]]:
    """The columns, and the texts that mean a missing value in any of them. A row with an odd value is in no column."""
    raw = {name: [_blank(row.get(name)) for row in rows] for name in names}
    typed = {name: _typed(name, values, semicolons) for name, values in raw.items()}
    nulls = set[str]().union(*(one.nulls for one in typed.values()))
    fitting = [all(raw[name][at] not in one.odd for name, one in typed.items() if one.odd) for at in range(len(rows))]
    fields = _fields(names)
    columns = [
        Column(
            name,
            fields[name],
            typed[name].kind,
            [None if _is_null(value, nulls) else value for value in compress(raw[name], fitting)],
            [value for value in raw[name] if value in typed[name].odd] if typed[name].odd else [],
        )
        for name in names
    ]
    return columns, sorted(nulls)


class _Typed(NamedTuple):
    kind: Kind
    nulls: frozenset[str] = frozenset()
    odd: frozenset[str] = frozenset()


def _typed(name: str, values: Sequence[Any], semicolons: bool) -> _Typed:
    """The type of all values, or, where that is text, the one of all that are neither missing nor odd."""
    present = {value if isinstance(value, str) else repr(value): value for value in values if value is not None}
    whole = kind_of(name, list(present.values()), semicolons=semicolons)
    if not (whole.is_text and present):
        return _Typed(whole)
    nulls = NULLS.intersection(present)
    counts = Counter(value for value in values if value is not None and value not in nulls)
    odd = odd_texts(name, counts, semicolons=semicolons)
    kind = kind_of(name, [text for text in counts if text not in odd], semicolons=semicolons)
    return _Typed(whole) if kind.is_text else _Typed(kind, nulls, frozenset(odd))


def _blank(value: Any) -> Any:
    return None if value == "" else value


def _is_null(value: Any, nulls: set[str]) -> bool:
    return value is None or (isinstance(value, str) and value in nulls)


def _fields(names: Sequence[str]) -> dict[str, str]:
    """A Python name for each column, all different."""
    fields: dict[str, str] = {}
    for name in names:
        field = base = python_name(name)
        number = 2
        while field in fields.values():
            field, number = f"{base}_{number}", number + 1
        fields[name] = field
    return fields


def python_name(name: str) -> str:
    """A name in small letters with underscores, which is what the checks want of a field."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", _in_ascii(name)).lower()
    field = re.sub(r"[^0-9a-z]+", "_", words).strip("_")
    field = field.lstrip("_") or "column"
    if field[0].isdigit() or field.startswith("model_"):
        field = f"column_{field}"
    return f"{field}_" if keyword.iskeyword(field) or field in TAKEN else field


def _in_ascii(name: str) -> str:
    """The name with each letter as ASCII can show it; an accent is left out. Other signs stay."""
    spelled = unicodedata.normalize("NFC", name).translate(_SPELLED)
    return "".join(one for one in unicodedata.normalize("NFKD", spelled) if not unicodedata.combining(one))
