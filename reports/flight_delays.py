"""Departures as they are in the input, one document each."""

from collections.abc import Iterable
from datetime import datetime

from outlast.report import Document, Report, Row


class Flight(Row):
    null_values = frozenset({"NA"})
    year: int
    month: int
    day: int
    dep_delay: float | None
    arr_delay: float | None
    sched_dep_time: int
    carrier: str
    flight: int
    tailnum: str | None
    origin: str
    dest: str
    distance: int
    time_hour: datetime


class FlightDelays(Report[Flight]):
    """Every departure with its delays in minutes; no delay means that it was cancelled."""

    container = "flight-delays"
    partition_key = "/carrier"

    def generate_report(self, row: Flight, reference: None) -> Iterable[Document]:
        day = f"{row.year}-{row.month:02}-{row.day:02}"
        key = f"{day}-{row.carrier}{row.flight}-{row.origin}-{row.sched_dep_time:04}"
        yield {
            "id": key,
            "date": day,
            "cancelled": row.dep_delay is None,
            **row.model_dump(exclude={"year", "month", "day"}),
        }
