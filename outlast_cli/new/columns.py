"""The columns of a sample: their names in a row class, types, missing values, and how even their values are."""

import keyword
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from outlast_cli.new.types import NULLS, Kind, kind_of

TAKEN = frozenset(
    {"copy", "dict", "json", "schema", "validate", "construct", "from_orm", "parse_file", "parse_obj", "parse_raw"}
    | {"null_values", "update_forward_refs", "schema_json"}
)
"""Names that a row class has already."""


@dataclass(frozen=True)
class Column:
    """`values` are those of all rows of the sample, None where one is missing. `field` is the name in the row class."""

    name: str
    field: str
    kind: Kind
    values: Sequence[Any]

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
    """The columns, and the texts that mean a missing value in any of them."""
    raw = {name: [_blank(row.get(name)) for row in rows] for name in names}
    kinds, nulls = dict[str, Kind](), set[str]()
    for name, values in raw.items():
        present = {value if isinstance(value, str) else repr(value): value for value in values if value is not None}
        kinds[name] = kind_of(name, list(present.values()), semicolons=semicolons)
        texts = [value for value in present.values() if not (isinstance(value, str) and value in NULLS)]
        if kinds[name].is_text and texts and len(texts) < len(present):
            without = kind_of(name, texts, semicolons=semicolons)
            if not without.is_text:
                kinds[name] = without
                nulls |= {value for value in present.values() if isinstance(value, str) and value in NULLS}
    fields = _fields(names)
    columns = [
        Column(name, fields[name], kinds[name], [None if _is_null(v, nulls) else v for v in raw[name]])
        for name in names
    ]
    return columns, sorted(nulls)


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
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    field = re.sub(r"[^0-9a-z]+", "_", words).strip("_")
    field = field.lstrip("_") or "column"
    if field[0].isdigit() or field.startswith("model_"):
        field = f"column_{field}"
    return f"{field}_" if keyword.iskeyword(field) or field in TAKEN else field
