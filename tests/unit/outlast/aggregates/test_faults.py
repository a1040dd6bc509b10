"""What is found wrong with the class of a grouped report."""

from collections.abc import Mapping
from typing import Any

import pytest

from outlast.aggregates import Count, Mean, Sum
from outlast.aggregates.faults import aggregates_of, faults_of_group

FIELDS: Mapping[str, Any] = {"carrier": str, "month": int, "delay": float}


def class_of(**members: Any) -> type[Any]:
    """A class with these members, which groups by carrier unless they say otherwise."""
    return type("Wrong", (), {"group_by": ("carrier",), **members})


async def waits(row: Any) -> bool:
    return bool(row)


@pytest.mark.parametrize(
    ("members", "own_key", "attribute", "says"),
    [
        ({"group_by": "carrier"}, False, "group_by", 'must name fields of the row, as in ("carrier", "month")'),
        ({"group_by": {"carrier"}}, False, "group_by", "must name fields of the row"),
        ({"group_by": ("carrier", 7)}, False, "group_by", "not ('carrier', 7)"),
        ({"group_by": ()}, False, "group_by", "or define key(row); one of the two"),
        ({}, True, "group_by", "or define key(row); one of the two"),
        ({"group_by": ("carier",)}, False, "group_by", "'carier' is no field of the row, which has carrier, month"),
        ({"carrier": Count()}, False, "carrier", "a name that a group has already"),
        ({"rows": Count()}, False, "rows", "a name that a group has already"),
        ({"total": Sum("delays")}, False, "total", "'delays' is no field of the row"),
        ({"total": Sum(7)}, False, "total", "must be over a field's name or a function of the row, not 7"),  # type: ignore[arg-type]  # what is refused
        ({"late": Count(where="delay")}, False, "late", "where must be a function of the row, not 'delay'"),  # type: ignore[arg-type]  # what is refused
        ({"late": Mean(waits)}, False, "late", "must be over a plain function, not an `async def`"),
        ({"late": Count(where=waits)}, False, "late", "must be over a plain function, not an `async def`"),
    ],
)
def test_each_fault_is_named_with_its_attribute(
    members: dict[str, Any], own_key: bool, attribute: str, says: str
) -> None:
    """One fault is found, and says what is wrong and what is right."""
    [(found, text)] = faults_of_group(class_of(**members), FIELDS, own_key)
    assert found == attribute
    assert says in text


@pytest.mark.parametrize(
    ("members", "own_key"),
    [
        ({"flights": Count(), "late": Count(where=lambda row: row.delay > 15), "total": Sum("delay")}, False),
        ({"group_by": ["carrier", "month"], "mean": Mean(lambda row: row.delay)}, False),
        ({"group_by": ()}, True),
    ],
)
def test_a_right_class_has_no_fault(members: dict[str, Any], own_key: bool) -> None:
    """Nothing is found in a class that groups by fields or by a key of its own."""
    assert list(faults_of_group(class_of(**members), FIELDS, own_key)) == []


def test_every_fault_is_found() -> None:
    """A class with several faults shows them all at once."""
    wrong = class_of(group_by=("carrier", "day"), key=Count(), total=Sum("delays"))
    assert [name for name, _ in faults_of_group(wrong, FIELDS, False)] == ["group_by", "key", "total"]


def test_a_subclass_replaces_and_hides_aggregates() -> None:
    """Aggregates come in the order of the base classes; one that a subclass sets to something else is none."""
    first, second = Count(), Sum("delay")
    base = type("Base", (), {"flights": first, "total": second})
    assert aggregates_of(type("Same", (base,), {"mean": Mean("delay")})).keys() == {"flights", "total", "mean"}
    assert aggregates_of(type("Less", (base,), {"total": None})) == {"flights": first}
