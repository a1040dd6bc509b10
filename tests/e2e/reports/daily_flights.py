"""A report of the tests: departures of each day, started by the app itself."""

from collections.abc import Iterable

from outlast.report import Document, Report, Row


class Flight(Row):
    carrier: str
    flight: str


class DailyFlights(Report[Flight]):
    """The flights of a day."""

    container, partition_key = "daily-flights", "/carrier"
    schedule = "0 0 2 * * *"
    scheduled_input = "daily/{date:%Y}.csv"

    def generate_report(self, row: Flight, reference: None) -> Iterable[Document]:
        yield {"id": f"{row.carrier}{row.flight}", "carrier": row.carrier}
