"""A group as `generate_report` of a grouped report sees it."""

from collections.abc import Mapping
from typing import Any


class Group:
    """Has the fields of `group_by` or what `key(row)` returned as `key`, the aggregates, and the number of rows.

    It cannot be changed.
    """

    __slots__ = ("_members",)

    def __init__(self, members: Mapping[str, Any]) -> None:
        object.__setattr__(self, "_members", members)

    def __getattr__(self, name: str) -> Any:
        try:
            return object.__getattribute__(self, "_members")[name]
        except KeyError:
            known = ", ".join(sorted(self.to_dict()))
            raise AttributeError(f"a group of this report has no {name}, only {known}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"a group cannot be changed: {name}")

    def __repr__(self) -> str:
        return f"Group({', '.join(f'{name}={value!r}' for name, value in self.to_dict().items())})"

    def to_dict(self) -> dict[str, Any]:
        """All members by their names."""
        return dict(object.__getattribute__(self, "_members"))
