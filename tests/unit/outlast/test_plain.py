"""Dataclasses as dictionaries."""

from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

import pytest

from outlast.plain import as_dict


@dataclass(frozen=True, slots=True)
class Inner:
    text: str
    numbers: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Outer:
    value: Any


@pytest.mark.parametrize(
    "value",
    [
        None,
        "text",
        b"bytes",
        Inner("x", [1.5]),
        [Inner("x"), {"deep": (Inner("y"), 2)}],
        (1, [True]),
        {"day": date(2026, 1, 1)},
        {1: frozenset({2})},
    ],
)
def test_it_is_what_the_standard_library_makes(value: Any) -> None:
    """The dictionary equals that of `dataclasses.asdict`, whatever the dataclass holds."""
    record = Outer(value)
    assert repr(as_dict(record)) == repr(asdict(record))


def test_what_can_change_is_copied() -> None:
    """A change of the dictionary, at any depth, does not change the record."""
    record = Outer({"rows": [Inner("x", [1])], "days": {date(2026, 1, 1)}})
    made = as_dict(record)
    made["value"]["rows"][0]["numbers"].append(2)
    made["value"]["days"].clear()
    made["value"]["more"] = 1
    assert record == Outer({"rows": [Inner("x", [1])], "days": {date(2026, 1, 1)}})
