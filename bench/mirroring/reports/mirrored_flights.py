"""Departures as `flight_delays` has them, mirrored: a second run writes only what has changed."""

from collections.abc import Iterable

from outlast.report import Document, Report
from reports.flight_delays import Flight, FlightDelays


class MirroredFlights(Report[Flight]):
    container, partition_key, mode = "mirrored-flights", "/carrier", "mirror"

    def generate_report(self, row: Flight, reference: None) -> Iterable[Document]:
        return FlightDelays().generate_report(row, reference)
