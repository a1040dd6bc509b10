"""One turn of an orchestration: how Durable Functions works, as two pure functions around the call into the SDK.

An orchestration is its history. A turn takes the messages that have arrived, hands the SDK the whole history with
them (`begin`), and is told every action the orchestrator has yielded since it started. `apply` then plays that list
against the history: each action takes the next task id and is awaited before the one behind it is looked at, each
completion in the history ends the task with its id. Actions that the history already knows must match it; those it
does not know are new, and become messages, timers and history. Nothing here does I/O or reads a clock.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from local.host import events
from local.host.answers import Action, Answer, Does
from local.host.events import Event, Kind
from local.host.failures import Mismatch, child_details

CUSTOM_STATUS_LIMIT = 16 * 1024  # bytes as UTF-16, on the real host
UNSUPPORTED = {
    Does.CALL_ENTITY: "Durable entities are not supported by this host.",
    Does.SIGNAL_ENTITY: "Durable entities are not supported by this host.",
    Does.CALL_HTTP: "call_http is not supported by this host; make the request in an activity.",
}


@dataclass(frozen=True, kw_only=True)
class Turn:
    """A turn that has begun: what the SDK is to be asked."""

    history: list[Event]  # everything before and with this turn
    new: list[Event]  # the part of it that this turn adds
    started: Event  # the execution's first event: who it is, what it was given
    context: dict[str, Any]  # the SDK's argument
    ended_by: str | None  # "terminated" needs no replay


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
    """What a turn leaves behind; all of it is stored in one transaction."""

    status: str
    events: list[Event]  # appended to the history
    calls: list[Call] = field(default_factory=list)
    children: list[Event] = field(default_factory=list)  # ExecutionStarted of each sub-orchestration
    timers: list[Timer] = field(default_factory=list)
    cancelled: list[int] = field(default_factory=list)  # ids of timers that need not fire any more
    custom_status: str | None = None  # JSON text; None leaves it
    output: str | None = None  # JSON text
    report: Event | None = None  # what the parent is told, when there is one
    successor: list[Event] | None = None  # messages of the next generation, after continue-as-new


def begin(history: Sequence[Event], messages: Iterable[Event], now: datetime) -> Turn | None:
    """Takes in the waiting messages. None when none of them means anything to this history."""
    accepted = list(_accept(history, messages))
    if not accepted:
        return None
    new = [events.turn_started(max(now, _last_turn(history))), *accepted]
    whole = [*map(_played, history), *new]
    started = next(e for e in whole if e["EventType"] == Kind.EXECUTION_STARTED)
    ended = any(e["EventType"] == Kind.EXECUTION_TERMINATED for e in accepted)
    return Turn(
        history=whole,
        new=new,
        started=started,
        context=_context(started, whole, replaying=bool(history)),
        ended_by="terminated" if ended else None,
    )


def apply(turn: Turn, answer: Answer, now: datetime, new_id: Callable[[], str]) -> Outcome:
    """What follows from the SDK's answer."""
    name = turn.started["Name"]
    replay = _Replay(answer.actions, turn.started)
    try:
        for event in turn.history:
            replay.take(event)
    except Mismatch as found:
        return _finish(turn, replay, answer, "Failed", str(found), now)
    if replay.terminated is not None:
        return _finish(turn, replay, answer, "Terminated", replay.terminated.get("Input"), now)
    failure = answer.crash or replay.unsupported or _oversized(answer)
    if failure is None and replay.idle and answer.error is not None:
        failure = answer.error
    if failure is not None:
        text = failure if failure == _oversized(answer) else f"Orchestrator function '{name}' failed: {failure}"
        return _finish(turn, replay, answer, "Failed", text, now)
    if replay.idle and replay.successor_input is not None:
        return _continue_as_new(turn, replay, now, new_id)
    if replay.idle and answer.done:
        return _finish(turn, replay, answer, "Completed", answer.output, now)
    return _go_on(turn, replay, answer, now, new_id)


def _accept(history: Sequence[Event], messages: Iterable[Event]) -> Iterable[Event]:
    """Messages in their order, the start first; a completion only for a task that is open, and only once."""
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


def _played(event: Event) -> Event:
    """Marks what came from outside in an earlier turn; what the orchestrator itself did is never marked."""
    outside = event["EventId"] == events.NONE and event["EventType"] not in {Kind.TURN_STARTED, Kind.TURN_COMPLETED}
    return {**event, "IsPlayed": True} if outside else event


def _last_turn(history: Sequence[Event]) -> datetime:
    """The orchestrator's clock so far: it must never run backwards."""
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


class _Step:
    """Something the answer awaits: a task, or several of which all or any are needed."""

    def __init__(self, waiting: int = 1, parent: "_Step | None" = None) -> None:
        self.waiting = waiting
        self.parent = parent

    def end(self) -> None:
        """One of what it waits for has ended, well or badly."""
        self.waiting -= 1
        if self.waiting == 0 and self.parent is not None:
            self.parent.end()


class _Replay:
    """Plays the answer's actions against the history, event by event, as the real host's orchestration shim does."""

    def __init__(self, actions: list[Action], started: Event) -> None:
        self._actions = iter(actions)
        self._awaited = _Step(waiting=0)
        self._execution = started["OrchestrationInstance"]["ExecutionId"]
        self._clock = events.moment(started["Timestamp"])
        self._open: dict[int, Callable[[Event], None]] = {}
        self._waits: defaultdict[str, list[_Step]] = defaultdict(list)  # newest wait first, as in the SDK
        self._early: defaultdict[str, list[Event]] = defaultdict(list)  # events nobody waited for yet
        self._held: list[Event] = []  # what arrived while suspended
        self._exhausted = False
        self.next_id = 0
        self.planned: dict[int, tuple[Kind, Action]] = {}  # scheduled by the answer, not (yet) in the history
        self.cancelled: list[int] = []
        self.successor_input: str | None = None
        self.suspended: Event | None = None
        self.terminated: Event | None = None
        self.unsupported: str | None = None

    @property
    def idle(self) -> bool:
        """Whether every action was awaited and no task is open: only then does the orchestrator's end count."""
        return self._exhausted and self._awaited.waiting <= 0 and not self._open

    def unconsumed(self) -> list[Event]:
        """Events raised that no wait has taken: the next generation gets them."""
        return [event for waiting in self._early.values() for event in waiting]

    def take(self, event: Event) -> None:
        """Advances by one event of the history."""
        kind = event["EventType"]
        if kind == Kind.TURN_STARTED:
            self._clock = events.moment(event["Timestamp"])
        elif kind in events.SCHEDULES:
            self._match(event)
        elif kind == Kind.SUSPENDED:
            self.suspended = event
        elif kind == Kind.EXECUTION_TERMINATED:
            self.terminated = event
        elif kind == Kind.RESUMED:
            self._resume()
        elif self.suspended is not None:
            self._held.append(event)
        else:
            self._deliver(event)

    def _resume(self) -> None:
        held, self._held, self.suspended = self._held, [], None
        for event in held:
            self._deliver(event)

    def _deliver(self, event: Event) -> None:
        kind = event["EventType"]
        if kind in events.COMPLETIONS:
            ended = self._open.pop(events.completes(event), None)
            if ended is not None:
                ended(event)
        elif kind == Kind.EVENT_RAISED:
            self._raise(event)
        if kind != Kind.TURN_COMPLETED:
            self._advance()

    def _raise(self, event: Event) -> None:
        name = event["Name"].lower()  # the host's names know no case; the SDK's do
        if self._waits[name]:
            self._waits[name].pop().end()
        else:
            self._early[name].append(event)

    def _advance(self) -> None:
        """Takes the next actions, as long as the one before has ended."""
        while self._awaited.waiting <= 0 and not self._exhausted:
            action = next(self._actions, None)
            if action is None:
                self._exhausted = True
            else:
                self._awaited = self._schedule(action, None)

    def _match(self, event: Event) -> None:
        """A task in the history must be what the answer scheduled under the same id."""
        kind, action = self.planned.pop(event["EventId"], (None, {}))
        if kind != event["EventType"]:
            raise Mismatch.of(event, kind)
        if kind != Kind.TIMER_CREATED and action["functionName"].lower() != event["Name"].lower():
            raise Mismatch.of(event, kind, action["functionName"])

    def _schedule(self, action: Action, parent: _Step | None) -> _Step:
        step = _Step(parent=parent)
        match action["actionType"]:
            case Does.CALL_ACTIVITY | Does.CALL_CHILD:
                self._call(action, lambda _: step.end())
            case Does.CALL_ACTIVITY_WITH_RETRY | Does.CALL_CHILD_WITH_RETRY:
                _Retry(self, action, step)
            case Does.CREATE_TIMER:
                self._timer(action, step)
            case Does.WAIT_FOR_EVENT:
                self._wait(action["externalEventName"].lower(), step)
            case Does.WHEN_ALL | Does.WHEN_ANY:
                self._compound(action, step)
            case Does.CONTINUE_AS_NEW:
                self.successor_input = action["input"]
                step.end()
            case other:
                self.unsupported = UNSUPPORTED.get(other, f"Action type {other} is not supported by this host.")
        return step

    def _plan(self, kind: Kind, action: Action, ended: Callable[[Event], None]) -> int:
        identity, self.next_id = self.next_id, self.next_id + 1
        self.planned[identity] = (kind, action)
        self._open[identity] = ended
        return identity

    def _call(self, action: Action, ended: Callable[[Event], None]) -> None:
        child = action["actionType"] in {Does.CALL_CHILD, Does.CALL_CHILD_WITH_RETRY}
        identity = self._plan(Kind.CHILD_CREATED if child else Kind.TASK_SCHEDULED, action, ended)
        if child:
            self.planned[identity] = (
                Kind.CHILD_CREATED,
                {**action, "instanceId": action.get("instanceId") or f"{self._execution}:{identity}"},
            )

    def _timer(self, action: Action, step: _Step) -> None:
        identity = self._plan(Kind.TIMER_CREATED, action, lambda _: step.end())
        if action.get("isCanceled"):  # a cancelled timer counts as ended and keeps nothing open
            del self._open[identity]
            self.cancelled.append(identity)
            step.end()

    def _wait(self, name: str, step: _Step) -> None:
        if self._early[name]:
            self._early[name].pop(0)
            step.end()
        else:
            self._waits[name].append(step)

    def _compound(self, action: Action, step: _Step) -> None:
        listed = action["compoundActions"]
        if not listed:
            step.end()
            return
        step.waiting = len(listed) if action["actionType"] == Does.WHEN_ALL else 1
        for child in listed:
            self._schedule(child, step)


class _Retry:
    """A call with a retry policy: the attempts and the timers between them take their ids as they happen."""

    def __init__(self, replay: _Replay, action: Action, step: _Step) -> None:
        self._replay = replay
        self._action = action
        self._step = step
        self._attempts = 1
        replay._call(action, self._attempted)

    def _attempted(self, event: Event) -> None:
        if event["EventType"] not in events.FAILURES:
            self._step.end()
            return
        fire_at = events.stamp(self._replay._clock + self._delay(event))
        self._replay._plan(Kind.TIMER_CREATED, {"fireAt": fire_at}, self._waited)

    def _waited(self, _: Event) -> None:
        if self._attempts >= self._policy["maxNumberOfAttempts"]:
            self._step.end()
            return
        self._attempts += 1
        self._replay._call(self._action, self._attempted)

    @property
    def _policy(self) -> dict[str, Any]:
        policy: dict[str, Any] = self._action["retryOptions"]
        return policy

    def _delay(self, event: Event) -> timedelta:
        """First * coefficient^(attempt-1), capped; none behind the last attempt, whose timer only ends the call."""
        last = self._attempts >= self._policy["maxNumberOfAttempts"]
        if last or event["FailureDetails"]:
            return timedelta()
        delay = self._policy["firstRetryIntervalInMilliseconds"]
        delay *= self._policy.get("backoffCoefficient", 1) ** (self._attempts - 1)
        cap = self._policy.get("maxRetryIntervalInMilliseconds")
        return timedelta(milliseconds=min(delay, cap) if cap else delay)


def _oversized(answer: Answer) -> str | None:
    size = len((answer.custom_status or "").encode("utf-16-le", "surrogatepass"))
    if size <= CUSTOM_STATUS_LIMIT:
        return None
    return (
        "The UTF-16 size of the JSON-serialized payload must not exceed 16 KB. "
        f"The current payload size is {size // 1024} KB."
    )


def _go_on(turn: Turn, replay: _Replay, answer: Answer, now: datetime, new_id: Callable[[], str]) -> Outcome:
    """The turn ends with tasks still open: what is new goes out."""
    made = [_scheduled(identity, kind, action, now) for identity, (kind, action) in replay.planned.items()]
    return Outcome(
        status="Suspended" if replay.suspended else "Running",
        events=[*turn.new, *made, events.turn_completed(now)],
        calls=[
            Call(task=identity, name=action["functionName"], input=action.get("input"))
            for identity, (kind, action) in replay.planned.items()
            if kind == Kind.TASK_SCHEDULED
        ],
        children=[
            _child(turn, identity, action, now, new_id)
            for identity, (kind, action) in replay.planned.items()
            if kind == Kind.CHILD_CREATED
        ],
        timers=[
            Timer(task=identity, fire_at=action["fireAt"])
            for identity, (kind, action) in replay.planned.items()
            if kind == Kind.TIMER_CREATED and identity not in replay.cancelled
        ],
        cancelled=replay.cancelled,
        custom_status=answer.custom_status,
        output=json.dumps(replay.suspended["Reason"]) if replay.suspended else None,
    )


def _scheduled(identity: int, kind: Kind, action: Action, now: datetime) -> Event:
    if kind == Kind.TIMER_CREATED:
        return events.timer_created(task=identity, fire_at=action["fireAt"], now=now)
    if kind == Kind.TASK_SCHEDULED:
        return events.task_scheduled(task=identity, name=action["functionName"], now=now)
    return events.child_created(
        task=identity,
        name=action["functionName"],
        instance=action["instanceId"],
        version=action.get("version"),
        now=now,
    )


def _child(turn: Turn, identity: int, action: Action, now: datetime, new_id: Callable[[], str]) -> Event:
    me = turn.started["OrchestrationInstance"]
    return events.execution_started(
        instance=action["instanceId"],
        execution=new_id(),
        name=action["functionName"],
        input=json.dumps(action["input"], ensure_ascii=False),
        now=now,
        parent=events.parent_of(
            name=turn.started["Name"], instance=me["InstanceId"], execution=me["ExecutionId"], task=identity
        ),
        generation=None,
        version=action.get("version"),
    )


def _continue_as_new(turn: Turn, replay: _Replay, now: datetime, new_id: Callable[[], str]) -> Outcome:
    """The same instance and parent, a fresh history; events nobody took go along, the custom status does not."""
    old = turn.started
    assert replay.successor_input is not None
    start = events.execution_started(
        instance=old["OrchestrationInstance"]["InstanceId"],
        execution=new_id(),
        name=old["Name"],
        input=json.dumps(replay.successor_input, ensure_ascii=False),
        now=now,
        parent=old["ParentInstance"],
        generation=(old["Generation"] or 0) + 1,
        version=old["Version"],
    )
    return Outcome(status="Running", events=[], successor=[start, *replay.unconsumed()])


def _finish(turn: Turn, replay: _Replay, answer: Answer, status: str, result: str | None, now: datetime) -> Outcome:
    """The instance's end. `result` is JSON text when it completed, else plain text."""
    end = events.execution_completed(status=status, result=result, identity=replay.next_id, now=now)
    output = result if status == "Completed" or result is None else json.dumps(result, ensure_ascii=False)
    return Outcome(
        status=status,
        events=[*turn.new, end, events.turn_completed(now)],
        custom_status=None if _oversized(answer) else answer.custom_status,
        output=output,
        report=_report(turn.started, status, result, now),
    )


def _report(started: Event, status: str, result: str | None, now: datetime) -> Event | None:
    """What the parent is told."""
    parent = started["ParentInstance"]
    if parent is None:
        return None
    task = parent["TaskScheduleId"]
    if status == "Completed":
        return events.child_completed(task=task, result=result, now=now)
    return events.child_failed(task=task, reason=result or "", details=child_details(result or ""), now=now)
