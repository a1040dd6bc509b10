"""Metrics that follow from the app's events."""

import logging

import orjson
from opentelemetry.metrics import Histogram, Meter

from outlast.models import Json

SECONDS = (1, 5, 15, 60, 300, 900, 3_600, 14_400, 86_400)
"""Upper limits of the histograms' classes."""


class EventMetrics(logging.Handler):
    """Adds up what the events tell, when it handles their logger's records."""

    def __init__(self, meter: Meter) -> None:
        super().__init__(logging.INFO)
        self._rows = meter.create_counter("outlast.rows", "{row}", "Rows read by generate_report")
        self._documents = meter.create_counter("outlast.documents", "{document}", "Documents stored")
        self._units = meter.create_counter("outlast.request_units", "{request_unit}", "Charged for storing")
        self._throttled = meter.create_counter("outlast.throttled", "{operation}", "Operations answered with 429")
        self._ended = meter.create_counter("outlast.runs.ended", "{run}", "Runs that have ended, by state")
        self._phases = _histogram(meter, "outlast.phase.duration", "Time of a run in a state")
        self._waits = _histogram(meter, "outlast.run.queue_wait", "From the acceptance to the beginning of the work")

    def emit(self, record: logging.LogRecord) -> None:
        event: Json = orjson.loads(record.getMessage())
        report = {"outlast.report": event["report"]}
        match event["event"]:
            case "rows_generated":
                self._rows.add(event["rows"], report)
            case "documents_stored":
                self._documents.add(event["documents"], report)
                self._units.add(event["request_units"], report)
                self._throttled.add(event["throttled"], report)
            case "run_phase":
                self._record_phase(event["seconds"], {**report, "outlast.phase": event["ended"]})
                if event["queue_wait"] is not None:
                    self._waits.record(event["queue_wait"], report)
            case "run_ended":
                self._record_phase(event["phase_seconds"], {**report, "outlast.phase": event["ended"]})
                self._ended.add(1, {**report, "outlast.state": event["state"]})

    def _record_phase(self, seconds: float | None, attributes: dict[str, str]) -> None:
        """A record of before the time was noted has no seconds."""
        if seconds is not None:
            self._phases.record(seconds, attributes)


def _histogram(meter: Meter, name: str, description: str) -> Histogram:
    return meter.create_histogram(name, "s", description, explicit_bucket_boundaries_advisory=SECONDS)
