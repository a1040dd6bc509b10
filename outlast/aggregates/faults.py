"""What is wrong with the class of a grouped report, found when it is loaded."""

import inspect
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from outlast.aggregates.aggregate import Aggregate

RESERVED = frozenset({"key", "rows", "to_dict"})
"""Names that a group has itself."""


def aggregates_of(cls: type[Any]) -> dict[str, Aggregate]:
    """The aggregates of a report by their names, those of its base classes first."""
    found: dict[str, Aggregate] = {}
    for base in reversed(cls.__mro__):
        members = vars(base)
        found = {name: one for name, one in found.items() if name not in members}
        found |= {name: one for name, one in members.items() if isinstance(one, Aggregate)}
    return found


def faults_of_group(cls: type[Any], fields: Mapping[str, Any], own_key: bool) -> Iterable[tuple[str, str]]:
    """Attribute and fault of each. `fields` are those of the row, `own_key` says whether the class has a `key`."""
    group_by: Any = cls.group_by
    if not (isinstance(group_by, Sequence) and not isinstance(group_by, str)) or not all(
        isinstance(name, str) for name in group_by
    ):
        yield "group_by", f'must name fields of the row, as in ("carrier", "month"), not {group_by!r}'
        return
    if own_key == bool(group_by):
        yield "group_by", "name the fields of the row that make a group, or define key(row); one of the two"
    for name in group_by:
        if name not in fields:
            yield "group_by", f"{name!r} is no field of the row, which has {', '.join(fields)}"
    yield from _faults_of_aggregates(aggregates_of(cls), fields, set(group_by))


def _faults_of_aggregates(
    aggregates: Mapping[str, Aggregate], fields: Mapping[str, Any], group_by: set[str]
) -> Iterable[tuple[str, str]]:
    for name, aggregate in aggregates.items():
        if name in group_by | RESERVED:
            yield name, "is a name that a group has already; choose another"
        if isinstance(aggregate.of, str) and aggregate.of not in fields:
            yield name, f"{aggregate.of!r} is no field of the row, which has {', '.join(fields)}"
        of: Any = aggregate.of
        where: Any = aggregate.where
        if not isinstance(of, str | None) and not callable(of):
            yield name, f"must be over a field's name or a function of the row, not {of!r}"
        if where is not None and not callable(where):
            yield name, f"where must be a function of the row, not {where!r}"
        if inspect.iscoroutinefunction(of) or inspect.iscoroutinefunction(where):
            yield name, "must be over a plain function, not an `async def`"
