"""One turn of an orchestration as two pure functions around the call into the SDK.

An orchestration is its history. `begin` takes the messages that have arrived and makes the SDK's argument, which is the
whole history with them. The SDK returns every action that the orchestrator has yielded since it started. `apply` plays
these actions against the history: each action gets the next task id and is awaited before the next one is looked at,
and each completion in the history ends the task with its id. Actions that the history has must match it; the others are
new, and become messages, timers and history. Nothing here does I/O or reads a clock.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from local.host.durable import events, scheduled
from local.host.durable.answers import Answer
from local.host.durable.events import Event, Kind
from local.host.durable.failures import Mismatch, child_details
from local.host.durable.replay import Replay
from local.host.telemetry import trace_context

CUSTOM_STATUS_LIMIT = 16 * 1024  # bytes as UTF-16, as on the Azure host


@dataclass(frozen=True, kw_only=True)
class Turn:
    """A turn that has begun, with the SDK's argument."""

    history: list[Event]  # everything before and with this turn
    new: list[Event]  # the part of it that this turn adds
    started: Event  # the execution's first event: who it is, what it was given
    context: dict[str, Any]  # the SDK's argument
    termination: Event | None  # ends the instance without asking the SDK


@dataclass(frozen=True, kw_only=True)
class Call:
    """An activity to be run."""

    task: int
    name: str
    input: str | None  # JSON text


@dataclass(frozen=True, kw_only=True)
class Timer:
    """A durable timer to be set."""

    task: int
    fire_at: str


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a turn changes. All of it is stored in one transaction."""

    status: str
    events: list[Event]  # appended to the history; those that were sent also go to their instances
    calls: list[Call] = field(default_factory=list)
    children: list[Event] = field(default_factory=list)  # ExecutionStarted of each sub-orchestration
    timers: list[Timer] = field(default_factory=list)
    cancelled: list[int] = field(default_factory=list)  # ids of timers that need not fire any more
    custom_status: str | None = None  # JSON text; None leaves it
    output: str | None = None  # JSON text
    report: Event | None = None  # the message to the parent, if there is a parent
    successor: list[Event] | None = None  # messages of the next generation, after continue-as-new


def begin(history: Sequence[Event], messages: Iterable[Event], now: datetime) -> Turn | None:
    """Take in the waiting messages; return None if none of them concerns this history."""
    accepted = list(_accept(history, messages))
    if not accepted:
        return None
    new = [events.turn_started(max(now, _last_turn(history))), *accepted]
    whole = [*_all_played(history), *new]
    started = next(e for e in whole if e["EventType"] == Kind.EXECUTION_STARTED)
    termination = next((e for e in accepted if e["EventType"] == Kind.EXECUTION_TERMINATED), None)
    return Turn(
        history=whole,
        new=new,
        started=started,
        context=_context(started, whole, replaying=bool(history)),
        termination=termination,
    )


def apply(turn: Turn, answer: Answer, now: datetime, new_id: Callable[[], str], version: str | None = None) -> Outcome:
    """Return what follows from the SDK's answer; `version` is that of children whose call names none."""
    if turn.termination is not None:
        return _finish(turn, Answer(), "Terminated", turn.termination["Input"], now)
    if answer.crash is not None:
        return _finish(turn, answer, "Failed", _failed(turn, answer.crash), now)
    replay = Replay(answer.actions, turn.started, version)
    try:
        for event in turn.history:
            replay.take(event)
    except Mismatch as found:
        return _finish(turn, answer, "Failed", str(found), now)
    if replay.unsupported is not None:
        return _finish(turn, answer, "Failed", _failed(turn, replay.unsupported), now)
    if (oversized := _oversized(answer)) is not None:
        return _finish(turn, answer, "Failed", _failed(turn, oversized), now)
    if replay.idle and answer.error is not None:
        return _finish(turn, answer, "Failed", _failed(turn, answer.error), now, _sent(turn, replay, now))
    if replay.idle and replay.successor_input is not None:
        return _continue_as_new(turn, replay, replay.successor_input, now, new_id)
    if replay.idle and answer.done:
        return _finish(turn, answer, "Completed", answer.output, now, _sent(turn, replay, now))
    return _go_on(turn, replay, answer, now, new_id)


def _accept(history: Sequence[Event], messages: Iterable[Event]) -> Iterable[Event]:
    """Yield the messages in order, the start first. A completion counts only for an open task, and only once."""
    open_tasks = _open_tasks(history)
    for message in sorted(messages, key=lambda m: m["EventType"] != Kind.EXECUTION_STARTED):
        if message["EventType"] in events.COMPLETIONS:
            if events.completes(message) not in open_tasks:
                continue
            open_tasks.remove(events.completes(message))
        yield message


def _open_tasks(history: Sequence[Event]) -> set[int]:
    scheduled = {e["EventId"] for e in history if e["EventType"] in events.SCHEDULES}
    return scheduled - {events.completes(e) for e in history if e["EventType"] in events.COMPLETIONS}


def _all_played(history: Sequence[Event]) -> list[Event]:
    played = [*map(_played, history)]
    if (position := _end_from_before(history)) is not None:
        played[position] = {**history[position], "IsPlayed": True}
    return played


def _end_from_before(history: Sequence[Event]) -> int | None:
    """Return the position of the turn's end that came with continue-as-new, or None.

    Such a history has two ends before its second turn.
    """
    ends: list[int] = []
    for position, event in enumerate(history):
        if event["EventType"] == Kind.TURN_COMPLETED:
            ends.append(position)
        elif event["EventType"] == Kind.TURN_STARTED and position:
            break
    return ends[0] if len(ends) == 2 else None


def _played(event: Event) -> Event:
    """Mark an event that came from outside in an earlier turn. The orchestrator's own events are never marked."""
    outside = event["EventId"] == events.NONE and event["EventType"] not in {Kind.TURN_STARTED, Kind.TURN_COMPLETED}
    return {**event, "IsPlayed": True} if outside else event


def _last_turn(history: Sequence[Event]) -> datetime:
    """Return the orchestrator's clock at the last turn. It must never run backwards."""
    for event in reversed(history):
        if event["EventType"] == Kind.TURN_STARTED:
            return events.moment(event["Timestamp"])
    return events.moment("0001-01-01T00:00:00Z")


def _context(started: Event, history: list[Event], *, replaying: bool) -> dict[str, Any]:
    given = json.loads(started["Input"]) if started["Input"] is not None else None
    parent = started["ParentInstance"]
    return {
        "history": history,
        "input": given if given is None or isinstance(given, str | dict) else json.dumps(given),
        "instanceId": started["OrchestrationInstance"]["InstanceId"],
        "isReplaying": replaying,
        "parentInstanceId": parent["OrchestrationInstance"]["InstanceId"] if parent else None,
        "upperSchemaVersion": 1,
        "upperSchemaVersionNew": 3,  # the SDK then groups all actions in one list and cuts long timers itself
        "longRunningTimerIntervalDuration": "3.00:00:00",
        "maximumShortTimerDuration": "6.00:00:00",
        "defaultHttpAsyncRequestSleepTimeMillseconds": 30000,
    }


def _oversized(answer: Answer) -> str | None:
    size = len((answer.custom_status or "").encode("utf-16-le", "surrogatepass"))
    if size <= CUSTOM_STATUS_LIMIT:
        return None
    return (
        "The UTF-16 size of the JSON-serialized payload must not exceed 16 KB. "
        f"The current payload size is {size // 1024} KB."
    )


def _go_on(turn: Turn, replay: Replay, answer: Answer, now: datetime, new_id: Callable[[], str]) -> Outcome:
    """End the turn with tasks still open. New tasks are scheduled unless the instance is suspended by now."""
    new = [] if replay.suspended else [(identity, *planned) for identity, planned in replay.planned.items()]
    return Outcome(
        status="Suspended" if replay.suspended else "Running",
        events=[*turn.new, *(scheduled.event(turn.started, *each, now) for each in new), events.turn_completed(now)],
        calls=[
            Call(task=identity, name=action["functionName"], input=action.get("input"))
            for identity, kind, action in new
            if kind == Kind.TASK_SCHEDULED
        ],
        children=[
            scheduled.child(turn.started, identity, action, now, new_id)
            for identity, kind, action in new
            if kind == Kind.CHILD_CREATED
        ],
        timers=[
            Timer(task=identity, fire_at=action["fireAt"])
            for identity, kind, action in new
            if kind == Kind.TIMER_CREATED and identity not in replay.cancelled
        ],
        cancelled=replay.cancelled,
        custom_status=answer.custom_status,
        output=json.dumps(replay.suspended["Reason"]) if replay.suspended else None,
    )


def _sent(turn: Turn, replay: Replay, now: datetime) -> list[Event]:
    """Return the requests that go out with the end of an orchestration. Nothing waits for their answers."""
    planned = [(i, kind, action) for i, (kind, action) in replay.planned.items() if kind == Kind.EVENT_SENT]
    return [scheduled.event(turn.started, *each, now) for each in planned]


def _continue_as_new(turn: Turn, replay: Replay, given: str, now: datetime, new_id: Callable[[], str]) -> Outcome:
    """Start the next generation: the same instance and parent, with a new history.

    The events that no wait took go along, and the custom status does not. The end of this turn goes along, too, because
    the Azure host gives it to the first turn of the next generation.
    """
    old = turn.started
    start = events.execution_started(
        instance=old["OrchestrationInstance"]["InstanceId"],
        execution=new_id(),
        name=old["Name"],
        input=json.dumps(given, ensure_ascii=False),
        now=now,
        parent=old["ParentInstance"],
        generation=None,
        version=old["Version"],
    )
    first = next(e for e in turn.history if e["EventType"] == Kind.TURN_STARTED)
    start["ParentTraceContext"] = trace_context.carried(old, first["Timestamp"])
    sent = _sent(turn, replay, now)
    return Outcome(status="Running", events=sent, successor=[start, *replay.unconsumed(), events.turn_completed(now)])


def _failed(turn: Turn, error: str) -> str:
    return f"Orchestrator function '{turn.started['Name']}' failed: {error}"


def _finish(
    turn: Turn, answer: Answer, status: str, result: str | None, now: datetime, sent: Sequence[Event] = ()
) -> Outcome:
    """End the instance. `result` is JSON text if it completed, else plain text."""
    identity = 1 + max(e["EventId"] for e in (*turn.history, *sent))
    end = events.execution_completed(status=status, result=result, identity=identity, now=now)
    output = result if status == "Completed" or result is None else json.dumps(result, ensure_ascii=False)
    return Outcome(
        status=status,
        events=[*turn.new, *sent, end, events.turn_completed(now)],
        custom_status=None if _oversized(answer) else answer.custom_status,
        output=output,
        report=_report(turn.started, status, result, now),
    )


def _report(started: Event, status: str, result: str | None, now: datetime) -> Event | None:
    """Return the message to the parent, if there is a parent."""
    parent = started["ParentInstance"]
    if parent is None:
        return None
    task = parent["TaskScheduleId"]
    if status == "Completed":
        return events.child_completed(task=task, result=result, now=now)
    return events.child_failed(task=task, reason=result or "", details=child_details(result or ""), now=now)
