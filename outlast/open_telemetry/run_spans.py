"""The spans of runs and of their phases. They follow from the record as the events do, and are made when they end."""

from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import NamedTuple

from opentelemetry.context import Context
from opentelemetry.trace import Status, StatusCode, Tracer

from outlast.models import Json
from outlast.open_telemetry.run_ids import ChosenIds, below, links_to_host, phase_span_id, run_span_id, trace_id
from outlast.runs.observed import told
from outlast.runs.record import ENDED, RunRecord

REVISIONS = {"corrected": "correction", "verification_asked": "verification"}
"""The events that let an ended run be revised, and the names of their spans."""


class Again(NamedTuple):
    """What let the ended run go on last: the name of its span, when it began, and the attempts before it."""

    name: str
    begun: str
    earlier: int


@dataclass(frozen=True, slots=True)
class RunSpans:
    """`ids` are those of the tracer's provider."""

    tracer: Tracer
    ids: ChosenIds

    def changed(self, before: RunRecord, after: RunRecord, now: datetime) -> None:
        """Make the span of the phase that has ended, and that of the run when it has ended."""
        was, state = before.status.state, after.status.state
        if was == state or was in ENDED:
            return
        if before.status.since is not None:
            self._phase(before, before.status.since, now)
        if state in ENDED:
            self._run(after, dict(told(before, after, now))["run_ended"], now)

    def _phase(self, record: RunRecord, since: str, now: datetime) -> None:
        run, status, again = record.id, record.status, _again(record)
        parent = below(run, run_span_id(run, again.earlier if again else 0))
        span_id = phase_span_id(run, status.attempt, status.state)
        self._make(record, status.state, span_id, parent, (since, now), {})

    def _run(self, record: RunRecord, end: Json, now: datetime) -> None:
        """The root, from the acceptance on. A run that had ended has its root already: what was done again is below."""
        run, again = record.id, _again(record)
        if again is None:
            self._make(record, "run", run_span_id(run), Context(), (record.request.accepted, now), end)
            return
        parent, span_id = below(run, run_span_id(run)), run_span_id(run, again.earlier)
        self._make(record, again.name, span_id, parent, (again.begun, now), end)

    def _make(
        self, record: RunRecord, name: str, span_id: int, parent: Context, time: tuple[str, datetime], end: Json
    ) -> None:
        """Make a span that has begun and ended at these times, with the numbers of `end`."""
        begun, ended = _nanoseconds(datetime.fromisoformat(time[0])), _nanoseconds(time[1])
        with self.ids.chosen(trace_id(record.id), span_id):
            span = self.tracer.start_span(
                name, parent, attributes=_who(record), links=links_to_host(), start_time=begun
            )
        span.set_attributes(
            {f"outlast.{key}": value for key, value in end.items() if isinstance(value, str | int | float)}
        )
        if end.get("state") == "failed":
            span.set_status(Status(StatusCode.ERROR, end.get("step")))
        span.end(ended)


def _who(record: RunRecord) -> dict[str, str | int]:
    return {
        "outlast.run": record.id,
        "outlast.report": record.request.report,
        "outlast.attempt": record.status.attempt,
    }


def _nanoseconds(time: datetime) -> int:
    return round(time.timestamp() * 1e9)


def _again(record: RunRecord) -> Again | None:
    """None for a run that has not ended yet: an approval lets it go on, as its next attempt."""
    redriven = record.status.redriven
    found = [Again("redrive", redriven["at"], redriven["attempt"] - 1)] if redriven else []
    events = [entry for entry in record.result.events if entry["event"] in REVISIONS]
    found += [Again(REVISIONS[entry["event"]], entry["at"], entry["attempt"] - 1) for entry in events]
    return max(found, key=attrgetter("earlier"), default=None)
