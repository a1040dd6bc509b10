"""The same groups by a function of the row, which only rows can be given."""

from collections.abc import Iterable
from typing import Any

from outlast.aggregates import Count, Group, Max, Mean, Sum
from outlast.report import Document, GroupedReport, Row


class Departure(Row):
    null_values = frozenset({"NA"})
    month: int
    carrier: str
    origin: str
    dep_delay: float | None
    distance: int


class ByRows(GroupedReport[Departure]):
    container, partition_key = "delays", "/carrier"
    flights, departed = Count(), Count("dep_delay")
    mean_delay, most_delay, distance = Mean("dep_delay"), Max("dep_delay"), Sum("distance")

    def key(self, row: Departure) -> Any:
        return row.carrier, row.month, row.origin

    def generate_report(self, group: Group, reference: None) -> Iterable[Document]:
        yield {"id": str(group.key), **group.to_dict()}
