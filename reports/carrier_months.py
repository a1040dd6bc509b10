"""Delays of each carrier by month: all rows of a carrier and a month are one document."""

from collections.abc import Iterable

from outlast.aggregates import Count, Group, Max, Mean, Quantile
from outlast.report import Document, GroupedReport, Row


class Departure(Row):
    null_values = frozenset({"NA"})
    year: int
    month: int
    carrier: str
    dep_delay: float | None


class CarrierMonths(GroupedReport[Departure]):
    """Flights, cancellations and delays in minutes of each carrier by month."""

    container = "carrier-months"
    partition_key = "/carrier"
    group_by = ("carrier", "year", "month")
    flights = Count()
    departed = Count("dep_delay")
    mean_delay, most_delay = Mean("dep_delay"), Max("dep_delay")
    delay_of_nine_in_ten = Quantile("dep_delay", 0.9)

    def generate_report(self, group: Group, reference: None) -> Iterable[Document]:
        yield {
            "id": f"{group.carrier}-{group.year}-{group.month:02}",
            "carrier": group.carrier,
            "month": f"{group.year}-{group.month:02}",
            "flights": group.flights,
            "cancelled": group.flights - group.departed,
            "mean_delay": group.mean_delay,
            "most_delay": group.most_delay,
            "delay_of_nine_in_ten": group.delay_of_nine_in_ten,
        }
