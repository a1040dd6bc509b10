"""A span around each call of an activity."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from opentelemetry.context import Context
from opentelemetry.trace import Status, StatusCode, Tracer, set_span_in_context

from outlast.models import Json
from outlast.open_telemetry.export import Activity
from outlast.open_telemetry.run_ids import below, links_to_host, phase_span_id, run_span_id

PHASES: Mapping[str, str] = {
    "read_input_file": "reading",
    "read_data_from_db": "reading",
    "generate_report": "generating",
    "divide_groups": "combining",
    "combine_groups": "combining",
    "resolve_keys": "resolving",
    "finish_keys": "resolving",
    "plan_report": "resolving",
    "store_data_to_db": "storing",
    "delete_gone": "storing",
    "verify_report": "verifying",
    "publish_report": "publishing",
    "undo_report": "failing",
}
"""The phase below which an activity's span stands. That of another activity stands below the run, also that
of `send_email`, which tells of completed runs too."""

INSIDE: ContextVar[Context | None] = ContextVar("the activity's span", default=None)
"""The call that is going on. It is not OpenTelemetry's current span: Durable sends that with what it starts, and the
host's own trace must stay the one of the run."""


@dataclass(frozen=True, slots=True)
class ActivitySpans:
    tracer: Tracer

    def traced(self, function: Activity) -> Activity:
        """Return the activity with a span around each call. Its error is told by type only: a text may hold values."""

        async def call(given: Any, **client: Any) -> Any:
            with self._span(function.__name__, given):
                return await function(given, **client)

        call.__name__ = call.__qualname__ = function.__name__
        return call

    @contextmanager
    def _span(self, name: str, given: Json) -> Iterator[None]:
        run, attempt = given["run"], given.get("attempt", 1)
        phase = PHASES.get(name)
        parent = below(run, phase_span_id(run, attempt, phase) if phase else run_span_id(run))
        known = {f"outlast.{key}": given[key] for key in ("run", "attempt", "chunk") if given.get(key) is not None}
        span = self.tracer.start_span(name, parent, attributes=known, links=links_to_host())
        token = INSIDE.set(set_span_in_context(span, Context()))
        try:
            yield
        except BaseException as error:
            span.set_attribute("error.type", type(error).__name__)
            span.set_status(Status(StatusCode.ERROR))
            raise
        finally:
            INSIDE.reset(token)
            span.end()
