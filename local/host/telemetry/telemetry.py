"""Telemetry as it was asked for: what the host tells becomes rows of a file."""

from collections.abc import Awaitable
from pathlib import Path
from urllib.parse import urlsplit

import orjson

from local.host.clock import Clock
from local.host.durable.events import Event, Kind
from local.host.durable.turn import Outcome, Turn
from local.host.storage.database import Queries
from local.host.storage.store import Activity
from local.host.telemetry.file import TelemetryFile
from local.host.telemetry.invocations import Answer, Invocation, Invocations
from local.host.telemetry.levels import Levels
from local.host.telemetry.orchestrations import Orchestrations
from local.host.telemetry.rows import Row, Rows
from local.host.telemetry.trace_context import TraceContext, task_of
from local.host.workers.wire import Header

BY_API = "This function was programmatically called via the host APIs."


class Telemetry:
    """Implements the host's Observer."""

    listens = True

    def __init__(self, path: Path, *, levels: Levels, clock: Clock, hub: str) -> None:
        self._file = TelemetryFile(path)
        rows, write = Rows(), self._file.write
        self._invocations = Invocations(write=write, rows=rows, levels=levels, clock=clock)
        self._orchestrations = Orchestrations(
            write=write, rows=rows, invocations=self._invocations, clock=clock, hub=hub
        )

    def request(self, function: str, method: str, url: str, traceparent: str | None) -> Header:
        """The caller's trace is taken up. The URL is written without its query, which may hold a key."""
        above, path = TraceContext.parse(traceparent), urlsplit(url).path
        properties = {"TriggerReason": BY_API, "HttpMethod": method, "HttpPath": path}
        columns = {"name": function, "url": url.partition("?")[0], "operation_Name": function}
        return self._expect(function, above, columns, properties, BY_API)

    def timer(self, function: str, reason: str) -> Header:
        properties = {"TriggerReason": reason, "OperationName": function}
        columns = {"name": function, "operation_Name": function}
        return self._expect(function, None, columns, properties, reason)

    def _expect(self, function: str, above: TraceContext | None, columns: Row, properties: Row, reason: str) -> Header:
        span = above.child() if above else TraceContext.new()
        return self._invocations.expect(
            Invocation(
                function=function,
                span=span,
                parent=above.span if above else "",
                reason=reason,
                columns=columns,
                properties=properties,
            )
        )

    def activity(self, activity: Activity, read: Queries) -> Header:
        above = _wait_for(activity, read)
        properties = {
            "Name": activity.name,
            "Succeeded": "True",
            "durabletask.type": "activity",
            "durabletask.task.name": activity.name,
            "durabletask.task.task_id": str(activity.task),
            "durabletask.task.instance_id": activity.instance,
        }
        return self._invocations.expect(
            Invocation(
                function=activity.name,
                span=above.child() if above else TraceContext.new(),
                parent=above.span if above else "",
                columns={"name": f"activity:{activity.name}", "resultCode": "200"},
                properties=properties,
            )
        )

    def turn(self, started: Event) -> Header:
        return self._invocations.expect(self._orchestrations.turn(started))

    def turned(self, turn: Turn, outcome: Outcome) -> None:
        self._orchestrations.turned(turn, outcome)

    def started(self, start: Event, traceparent: str | None) -> Event:
        return self._orchestrations.started(start, traceparent)

    def watched(self, function: str, invocation: str, call: Awaitable[Answer]) -> Awaitable[Answer]:
        return self._invocations.watched(function, invocation, call)

    def logged(self, record: Header) -> None:
        self._invocations.logged(record)

    def close(self) -> None:
        self._file.close()


def _wait_for(activity: Activity, read: Queries) -> TraceContext | None:
    """Return the span of the orchestration's wait for an activity, from the first events of its history."""
    for row in read.all("first_events", instance=activity.instance):
        event = orjson.loads(row["event"])
        if event["EventType"] == Kind.EXECUTION_STARTED:
            return task_of(event, activity.task)
    return None
