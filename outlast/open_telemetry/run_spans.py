"""The spans of runs and of their phases. They follow from the record as the events do, and are made when they end."""

from dataclasses import dataclass
from datetime import datetime

from opentelemetry.context import Context
from opentelemetry.trace import Status, StatusCode, Tracer

from outlast.models import Json
from outlast.open_telemetry.run_ids import ChosenIds, below, links_to_host, phase_span_id, run_span_id, trace_id
from outlast.runs.observed import told
from outlast.runs.record import ENDED, RunRecord


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
        run, status = record.id, record.status
        parent = below(run, run_span_id(run, status.earlier))
        span_id = phase_span_id(run, status.attempt, status.state)
        self._make(record, status.state, span_id, parent, (since, now), {})

    def _run(self, record: RunRecord, end: Json, now: datetime) -> None:
        """The root, from the acceptance on. A redriven run has its root already: the redrive is a span below it."""
        run, earlier, redriven = record.id, record.status.earlier, record.status.redriven
        parent, name, begun = Context(), "run", record.request.accepted
        if redriven is not None:
            parent, name, begun = below(run, run_span_id(run)), "redrive", redriven["at"]
        self._make(record, name, run_span_id(run, earlier), parent, (begun, now), end)

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
