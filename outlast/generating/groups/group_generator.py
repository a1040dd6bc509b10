"""One group of the whole input → its documents, or the reject that its rows become."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from outlast.aggregates.group import Group
from outlast.generating.groups.plan import GroupPlan, decoded_key
from outlast.generating.row_generator import AnyRow, Documents, RowGenerator
from outlast.generating.row_window import RowWindow
from outlast.inputs import InputRow
from outlast.report import Report
from outlast.staging.group_file import Gathered, gathered
from outlast.staging.rejects import Reject

GATHERED = "gathered"
MOST_SHOWN = 200
"""Characters of a group's key in a message."""


def rows_of_groups(data: bytes) -> Iterator[InputRow]:
    """Each group of a shard's bytes as a row, whose number is that of the group's first row."""
    for group in gathered(data):
        yield InputRow(group.first, group.end, {GATHERED: group}, [])


@dataclass(slots=True)
class GroupGenerator(RowGenerator):
    """A reject of a group has the number of its first row, and says which group it is."""

    plan: GroupPlan = field(kw_only=True)

    @classmethod
    def of(cls, report: Report[Any], reference: Any, window: RowWindow) -> "GroupGenerator":
        return cls(report, reference, window.generation, mode=window.mode, plan=GroupPlan.of(report))

    def generate(self, row: AnyRow) -> Documents | Reject:
        generated = super(GroupGenerator, self).generate(row)
        return self._of_group(row, generated) if isinstance(generated, Reject) else generated

    def refused(self, row: AnyRow, code: str, message: str) -> Reject:
        return self._of_group(row, super(GroupGenerator, self).refused(row, code, message))

    def _given(self, row: InputRow) -> Group:
        return self.plan.group(row.values[GATHERED])

    def _of_group(self, row: AnyRow, reject: Reject) -> Reject:
        assert isinstance(row, InputRow)
        group: Gathered = row.values[GATHERED]
        text = f"group {self._name(group)[:MOST_SHOWN]} of {group.rows:,} rows: {reject.message}"
        return replace(reject, rows=group.rows, message=text)

    def _name(self, group: Gathered) -> str:
        key = decoded_key(group.pieces[0].key)
        if not self.plan.group_by:
            return repr(key)
        return ", ".join(f"{name} {value!r}" for name, value in zip(self.plan.group_by, key, strict=True))
