"""Adds one row after another into groups. A row that cannot be added is a reject and adds nothing."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from outlast.generating.groups.declared import is_declared
from outlast.generating.groups.plan import GroupPlan, encoded_key
from outlast.generating.read_values import ReadValues
from outlast.generating.row_generator import AnyRow, Documents, RowGenerator
from outlast.generating.row_window import RowWindow
from outlast.inputs import CSV, InputRow, rows_format
from outlast.report import Report
from outlast.staging.group_file import PartialGroup
from outlast.staging.rejects import Reject


class _Read(NamedTuple):
    """A row that can be added: its group and what the aggregates take of it."""

    group: "_Growing"
    values: list[Any]


@dataclass(slots=True)
class _Growing:
    """A group to which rows are added. It has none yet when `first` is 0."""

    hash: str
    key: str
    accumulators: list[Any]
    first: int = 0
    rows: int = 0


@dataclass(slots=True)
class GroupAdder(RowGenerator):
    """`generate` returns no documents, or the reject of the row. Groups with equal keys are one."""

    plan: GroupPlan = field(kw_only=True)
    is_fast: bool = field(kw_only=True)
    _groups: dict[Any, _Growing] = field(default_factory=dict)

    @classmethod
    def of(cls, report: Report[Any], window: RowWindow) -> "GroupAdder":
        plan, reading = GroupPlan.of(report), window.read_as()
        values, typed = ReadValues.of(report.row, reading), bool(reading.typed)
        fast = values is None and rows_format(reading) == CSV and is_declared(report, plan)
        return cls(report, None, None, values, typed, plan=plan, is_fast=fast)

    def generate(self, row: AnyRow) -> Documents | Reject:
        read = self._tried(row, self._read)
        if isinstance(read, Reject):
            return read
        group, values = read
        self.plan.add(group.accumulators, values, row.number)
        group.first, group.rows = group.first or row.number, group.rows + 1
        return {}

    def __len__(self) -> int:
        """How many groups there are since the last `take`."""
        return len(self._groups)

    def take(self) -> list[PartialGroup]:
        """The groups of the rows since the last call."""
        taken = [
            PartialGroup(group.hash, group.first, group.rows, group.key, self.plan.encoded(group.accumulators))
            for group in self._groups.values()
            if group.rows
        ]
        self._groups.clear()
        return taken

    def _read(self, row: InputRow) -> _Read:
        typed = self._given(row)
        key = self.plan.key_of(typed)
        values = self.plan.read(typed)
        if (group := self._groups.get(key)) is None:
            group = self._groups[key] = _Growing(*encoded_key(key), self.plan.begin())
        return _Read(group, values)
