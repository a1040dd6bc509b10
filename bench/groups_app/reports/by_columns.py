"""Delays by carrier, month and origin, of fields alone: a clean chunk is added up by columns."""

from collections.abc import Iterable

from outlast.aggregates import Count, Group, Max, Mean, Sum
from outlast.report import Document, GroupedReport, Row


class Departure(Row):
    null_values = frozenset({"NA"})
    month: int
    carrier: str
    origin: str
    dep_delay: float | None
    distance: int


class ByColumns(GroupedReport[Departure]):
    container, partition_key = "delays", "/carrier"
    group_by = ("carrier", "month", "origin")
    flights, departed = Count(), Count("dep_delay")
    mean_delay, most_delay, distance = Mean("dep_delay"), Max("dep_delay"), Sum("distance")

    def generate_report(self, group: Group, reference: None) -> Iterable[Document]:
        yield {"id": f"{group.carrier}-{group.month}-{group.origin}", **group.to_dict()}
