"""The host's half of a replay: the SDK's answer played against the history, event by event.

The SDK's answer has every action that the orchestrator yielded so far. Each action is taken in its order, gets the next
task id, and is awaited before the next one is taken. A completion in the history ends the task with its id. A task that
the history has must be what the answer scheduled under that id; a task that the history does not have is new.
"""

import json
from collections import defaultdict
from collections.abc import Callable

from local.host.durable import events
from local.host.durable.answers import Action, Does
from local.host.durable.events import Event, Kind
from local.host.durable.failures import Mismatch
from local.host.durable.long_calls import DurableHttp, Retry

NAMED = {Kind.TASK_SCHEDULED, Kind.CHILD_CREATED}


class Step:
    """Something that the answer awaits: a task, or several tasks of which all or any are needed."""

    def __init__(self, waiting: int = 1, parent: "Step | None" = None) -> None:
        self.waiting = waiting
        self.parent = parent

    def end(self) -> None:
        """Record that one of the awaited tasks has ended, well or badly."""
        self.waiting -= 1
        if self.waiting == 0 and self.parent is not None:
            self.parent.end()


class Replay:
    """Plays the answer's actions against the history, event by event, as the Azure host's orchestration shim does."""

    def __init__(self, actions: list[Action], started: Event, version: str | None = None) -> None:
        self._actions = iter(actions)
        self._version = version
        self._awaited = Step(waiting=0)
        self._execution = started["OrchestrationInstance"]["ExecutionId"]
        self.clock = events.moment(started["Timestamp"])
        self._open: dict[int, Callable[[Event], None]] = {}
        self._waits: defaultdict[str, list[Step]] = defaultdict(list)  # newest wait first, as in the SDK
        self._asked: dict[int, Step] = {}  # calls of entities whose request is not in the history so far
        self._early: defaultdict[str, list[Event]] = defaultdict(list)  # events without a wait so far
        self._held: list[Event] = []  # what arrived while suspended
        self._exhausted = False
        self.next_id = 0
        self.planned: dict[int, tuple[Kind, Action]] = {}  # scheduled by the answer, not (yet) in the history
        self.cancelled: list[int] = []
        self.successor_input: str | None = None
        self.suspended: Event | None = None
        self.unsupported: str | None = None

    @property
    def idle(self) -> bool:
        """Whether every action was awaited and no task is open. Only then does the orchestrator's end count."""
        return self._exhausted and self._awaited.waiting <= 0 and not self._open

    def unconsumed(self) -> list[Event]:
        """Return the raised events that no wait has taken. The next generation gets them."""
        return [event for waiting in self._early.values() for event in waiting]

    def take(self, event: Event) -> None:
        """Advance by one event of the history."""
        kind = event["EventType"]
        if kind == Kind.TURN_STARTED:
            self.clock = events.moment(event["Timestamp"])
        elif kind in events.SCHEDULES:
            self._match(event)
        elif kind == Kind.EVENT_SENT:
            self._match(event)
            self._await_reply(event)
        elif kind == Kind.SUSPENDED:
            self.suspended = event
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
        if self._waits[name] and self.successor_input is None:  # else it is for the next generation
            self._waits[name].pop().end()
        else:
            self._early[name].append(event)

    def _advance(self) -> None:
        """Take the next actions as long as the current one has ended."""
        while self._awaited.waiting <= 0 and not self._exhausted:
            action = next(self._actions, None)
            if action is None:
                self._exhausted = True
            else:
                self._awaited = self._schedule(action, None)

    def _match(self, event: Event) -> None:
        """Check that a task in the history is what the answer scheduled under the same id."""
        kind, action = self.planned.pop(event["EventId"], (None, {}))
        if kind is None:
            raise Mismatch.missing(event)
        if kind != event["EventType"]:
            raise Mismatch.of_kind(event, kind)
        if kind in NAMED and action["functionName"].lower() != event["Name"].lower():
            raise Mismatch.of_name(event, action["functionName"])

    def _await_reply(self, event: Event) -> None:
        """Wait for the answer to a call of an entity, which is an event of the request's id. A signal has no answer."""
        step = self._asked.pop(event["EventId"], None)
        if step is not None:
            self._wait(json.loads(event["Input"])["id"].lower(), step)

    def _schedule(self, action: Action, parent: Step | None) -> Step:
        step = Step(parent=parent)
        match action["actionType"]:
            case Does.CALL_ACTIVITY | Does.CALL_CHILD:
                self.call(action, lambda _: step.end())
            case Does.CALL_ACTIVITY_WITH_RETRY | Does.CALL_CHILD_WITH_RETRY:
                Retry(self, action, lambda _: step.end())
            case Does.CREATE_TIMER:
                self._timer(action, step)
            case Does.CALL_HTTP:
                DurableHttp(self, action["httpRequest"], step.end)
            case Does.WAIT_FOR_EVENT:
                self._wait(action["externalEventName"].lower(), step)
            case Does.CALL_ENTITY:
                self._asked[self.plan(Kind.EVENT_SENT, action)] = step
            case Does.SIGNAL_ENTITY:
                self.plan(Kind.EVENT_SENT, action)
                step.end()
            case Does.WHEN_ALL | Does.WHEN_ANY:
                self._compound(action, step)
            case Does.CONTINUE_AS_NEW:
                self.successor_input = action["input"]
                step.end()
            case other:
                self.unsupported = f"Action type {other} is not supported by this host."
        return step

    def plan(self, kind: Kind, action: Action, ended: Callable[[Event], None] | None = None) -> int:
        """Give the action its task id. Without `ended` it keeps nothing open, because nothing completes it."""
        identity, self.next_id = self.next_id, self.next_id + 1
        self.planned[identity] = (kind, action)
        if ended is not None:
            self._open[identity] = ended
        return identity

    def call(self, action: Action, ended: Callable[[Event], None]) -> None:
        child = action["actionType"] in {Does.CALL_CHILD, Does.CALL_CHILD_WITH_RETRY}
        identity = self.plan(Kind.CHILD_CREATED if child else Kind.TASK_SCHEDULED, action, ended)
        if child:
            self.planned[identity] = (
                Kind.CHILD_CREATED,
                {
                    **action,
                    "instanceId": action.get("instanceId") or f"{self._execution}:{identity}",
                    "version": action.get("version") or self._version,
                },
            )

    def _timer(self, action: Action, step: Step) -> None:
        identity = self.plan(Kind.TIMER_CREATED, action, lambda _: step.end())
        if action.get("isCanceled"):  # a cancelled timer counts as ended and keeps nothing open
            del self._open[identity]
            self.cancelled.append(identity)
            step.end()

    def _wait(self, name: str, step: Step) -> None:
        if self._early[name]:
            self._early[name].pop(0)
            step.end()
        else:
            self._waits[name].append(step)

    def _compound(self, action: Action, step: Step) -> None:
        listed = action["compoundActions"]
        if not listed:
            step.end()
            return
        step.waiting = len(listed) if action["actionType"] == Does.WHEN_ALL else 1
        for child in listed:
            self._schedule(child, step)
