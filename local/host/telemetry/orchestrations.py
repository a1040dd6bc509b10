"""The spans of orchestrations: one request an instance, one dependency a task that an orchestrator waited for.

Source: Azure/durabletask, `Tracing/TraceHelper.cs`: spans are written when they end, replays write none, and an
orchestration that continues as new keeps its span.
"""

import logging
from collections.abc import Callable, Iterator
from datetime import datetime

from local.host.clock import Clock
from local.host.durable import events
from local.host.durable.events import Event, Kind
from local.host.durable.turn import Outcome, Turn
from local.host.telemetry.invocations import Invocation, Invocations
from local.host.telemetry.rows import Inner, Row, Rows, result_properties
from local.host.telemetry.trace_context import TraceContext, as_parent, execution_of, parent_of, task_of

FINISHED = frozenset({"Completed", "Failed", "Terminated"})
FAILURE = "DurableTask.Core.Exceptions.OrchestrationFailureException"
FAILED_FORMAT = (
    "{instanceId}: Function '{functionName} ({functionType})' failed with an error. Reason: {reason}. "
    "IsReplay: {isReplay}. State: {state}. RuntimeStatus: {runtimeStatus}. HubName: {hubName}. AppName: {appName}. "
    "SlotName: {slotName}. ExtensionVersion: {extensionVersion}. SequenceNumber: {sequenceNumber}. "
    "TaskEventId: {taskEventId}"
)


class Orchestrations:
    """Writes what the host knows of orchestrations."""

    def __init__(
        self, *, write: Callable[[Row], None], rows: Rows, invocations: Invocations, clock: Clock, hub: str
    ) -> None:
        self._write = write
        self._rows = rows
        self._invocations = invocations
        self._clock = clock
        self._hub = hub
        self._turns: dict[str, Invocation] = {}
        self._failures = 0

    def started(self, start: Event, traceparent: str | None) -> Event:
        """Write the start by a client; return it with its place in the trace."""
        above = TraceContext.parse(traceparent)
        span = above.child() if above else TraceContext.new()
        identity, began = start["OrchestrationInstance"], events.moment(start["Timestamp"])
        name = f"create_orchestration:{start['Name']}"
        properties = {
            **_task("orchestration", start["Name"], identity["InstanceId"]),
            "durabletask.task.execution_id": identity["ExecutionId"],
            "durabletask.task.operation": "create_orchestration",
        }
        columns = {"name": name, "success": "True", "operation_Name": name}
        self._dependency(span, above.span if above else "", began, began, columns, properties)
        return {**start, "ParentTraceContext": as_parent(span)}

    def turn(self, started: Event) -> Invocation:
        """Return the call that is about to replay an orchestrator."""
        span = execution_of(started) or TraceContext.new()
        invocation = Invocation(function=started["Name"], span=span)
        self._turns[started["OrchestrationInstance"]["ExecutionId"]] = invocation
        return invocation

    def turned(self, turn: Turn, outcome: Outcome) -> None:
        """Write the waits that this turn has ended, and the orchestration itself if it is over."""
        started = turn.started
        invocation = self._turns.pop(started["OrchestrationInstance"]["ExecutionId"], None)
        for scheduled, completion in _waits(turn):
            self._wait(started, scheduled, completion, events.moment(turn.new[0]["Timestamp"]))
        if invocation is not None:
            self._end_turn(invocation, started, outcome)
        if outcome.status in FINISHED:
            self._finish(turn, outcome, invocation)

    def _wait(self, started: Event, scheduled: Event, completion: Event, ended: datetime) -> None:
        span, above = task_of(started, scheduled["EventId"]), execution_of(started)
        if span is None or above is None:
            return
        kind = "activity" if scheduled["EventType"] == Kind.TASK_SCHEDULED else "orchestration"
        properties = _task(kind, scheduled["Name"], started["OrchestrationInstance"]["InstanceId"])
        if kind == "activity":
            properties["durabletask.task.task_id"] = str(scheduled["EventId"])
        failed = completion["EventType"] in events.FAILURES
        if failed:
            properties["otel.status_description"] = completion["Reason"]
        columns = {"name": f"{kind}:{scheduled['Name']}", "success": str(not failed)}
        self._dependency(span, above.span, events.moment(scheduled["Timestamp"]), ended, columns, properties)

    def _end_turn(self, invocation: Invocation, started: Event, outcome: Outcome) -> None:
        inner = Inner(FAILURE, _failure(outcome)) if outcome.status == "Failed" else None
        if inner is not None:
            self._tell_failure(invocation, started)
        self._invocations.ended(invocation, inner)
        self._invocations.forget(invocation)

    def _tell_failure(self, invocation: Invocation, started: Event) -> None:
        """Write the extension's own error, which the level Warning of its category lets through."""
        self._failures += 1
        instance, name = started["OrchestrationInstance"]["InstanceId"], started["Name"]
        values = {
            "instanceId": instance,
            "functionName": name,
            "functionType": "Orchestrator",
            "reason": FAILURE,
            "isReplay": "False",
            "state": "Failed",
            "runtimeStatus": "Failed",
            "hubName": self._hub,
            "appName": "",
            "slotName": "",
            "extensionVersion": "local",
            "sequenceNumber": str(self._failures),
            "taskEventId": "-1",
        }
        named = {f"prop__{key}": value for key, value in values.items() if value}
        more = {"Category": "Host.Triggers.DurableTask", **named, "prop__{OriginalFormat}": FAILED_FORMAT}
        self._invocations.trace(invocation, FAILED_FORMAT.format(**values), logging.ERROR, more)

    def _finish(self, turn: Turn, outcome: Outcome, invocation: Invocation | None) -> None:
        started = turn.started
        span, above = execution_of(started), parent_of(started)
        if span is None or above is None:
            return
        succeeded, name = outcome.status == "Completed", started["Name"]
        instance = started["OrchestrationInstance"]["InstanceId"]
        properties: Row = {"Name": name, "Succeeded": str(succeeded)}
        if invocation is not None:
            properties |= result_properties(name, invocation.id, invocation.seconds, succeeded=succeeded)
        properties |= {**_task("orchestration", name, instance), "durabletask.task.status": outcome.status}
        if succeeded:
            properties |= {
                "DurableFunctionsType": "Orchestrator",
                "DurableFunctionsRuntimeStatus": outcome.status,
                "DurableFunctionsInstanceId": instance,
            }
        else:
            properties["otel.status_description"] = _failure(outcome)
        columns = {"name": f"orchestration:{name}", "success": str(succeeded)}
        columns["resultCode"] = "200" if succeeded else "500"
        began, ended = _began(turn), self._clock.now()
        self._write(self._rows.request(span, above.span, began, (ended - began).total_seconds(), columns, properties))

    def _dependency(
        self, span: TraceContext, above: str, began: datetime, ended: datetime, columns: Row, properties: Row
    ) -> None:
        seconds = max(0.0, (ended - began).total_seconds())
        self._write(self._rows.dependency(span, above, began, seconds, columns, properties))


def _task(kind: str, name: str, instance: str) -> Row:
    return {"durabletask.type": kind, "durabletask.task.name": name, "durabletask.task.instance_id": instance}


def _waits(turn: Turn) -> Iterator[tuple[Event, Event]]:
    """Yield each activity and sub-orchestration that this turn knows to have ended, with its completion."""
    ended = {events.completes(e): e for e in turn.new if e["EventType"] in events.COMPLETIONS}
    for event in turn.history if ended else ():
        if event["EventType"] in (Kind.TASK_SCHEDULED, Kind.CHILD_CREATED) and event["EventId"] in ended:
            yield event, ended[event["EventId"]]


def _began(turn: Turn) -> datetime:
    """Return when the first turn of the first generation began."""
    carried = (turn.started.get("ParentTraceContext") or {}).get("ActivityStartTime")
    first = next(e for e in turn.history if e["EventType"] == Kind.TURN_STARTED)
    return events.moment(carried or first["Timestamp"])


def _failure(outcome: Outcome) -> str:
    end = next(e for e in outcome.events if e["EventType"] == Kind.EXECUTION_COMPLETED)
    return str(end["Result"])
