"""The events of an orchestration's history, in the form in which the Durable SDK gets them."""

from datetime import UTC, datetime
from enum import IntEnum
from typing import Any

Event = dict[str, Any]
NONE = -1  # the EventId of every event that no action of the orchestrator made


class Kind(IntEnum):
    """The EventType numbers of the Durable Task Framework."""

    EXECUTION_STARTED = 0
    EXECUTION_COMPLETED = 1
    EXECUTION_TERMINATED = 3
    TASK_SCHEDULED = 4
    TASK_COMPLETED = 5
    TASK_FAILED = 6
    CHILD_CREATED = 7
    CHILD_COMPLETED = 8
    CHILD_FAILED = 9
    TIMER_CREATED = 10
    TIMER_FIRED = 11
    TURN_STARTED = 12
    TURN_COMPLETED = 13
    EVENT_SENT = 14
    EVENT_RAISED = 15
    CONTINUED_AS_NEW = 16
    GENERIC = 17
    SUSPENDED = 19
    RESUMED = 20


SCHEDULES = frozenset({Kind.TASK_SCHEDULED, Kind.CHILD_CREATED, Kind.TIMER_CREATED})
COMPLETIONS = frozenset(
    {Kind.TASK_COMPLETED, Kind.TASK_FAILED, Kind.CHILD_COMPLETED, Kind.CHILD_FAILED, Kind.TIMER_FIRED}
)
FAILURES = frozenset({Kind.TASK_FAILED, Kind.CHILD_FAILED})
NAMES = {
    Kind.EXECUTION_STARTED: "ExecutionStarted",
    Kind.EXECUTION_COMPLETED: "ExecutionCompleted",
    Kind.EXECUTION_TERMINATED: "ExecutionTerminated",
    Kind.TASK_SCHEDULED: "TaskScheduled",
    Kind.TASK_COMPLETED: "TaskCompleted",
    Kind.TASK_FAILED: "TaskFailed",
    Kind.CHILD_CREATED: "SubOrchestrationInstanceCreated",
    Kind.CHILD_COMPLETED: "SubOrchestrationInstanceCompleted",
    Kind.CHILD_FAILED: "SubOrchestrationInstanceFailed",
    Kind.TIMER_CREATED: "TimerCreated",
    Kind.TIMER_FIRED: "TimerFired",
    Kind.TURN_STARTED: "OrchestratorStarted",
    Kind.TURN_COMPLETED: "OrchestratorCompleted",
    Kind.EVENT_SENT: "EventSent",
    Kind.EVENT_RAISED: "EventRaised",
    Kind.CONTINUED_AS_NEW: "ContinueAsNew",
    Kind.GENERIC: "GenericEvent",
    Kind.SUSPENDED: "ExecutionSuspended",
    Kind.RESUMED: "ExecutionResumed",
}


def stamp(moment: datetime) -> str:
    """Format a time as it stands in a history."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment(text: str) -> datetime:
    """Parse a time of a history. Anything finer than microseconds is cut."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def completes(event: Event) -> int:
    """Return the id of the task that a completion is for."""
    identity: int = event["TimerId"] if event["EventType"] == Kind.TIMER_FIRED else event["TaskScheduledId"]
    return identity


def execution_started(
    *,
    instance: str,
    execution: str,
    name: str,
    input: str | None,
    now: datetime,
    parent: dict[str, Any] | None = None,
    generation: int | None = 0,
    version: str | None = None,
) -> Event:
    """Return the first event of an execution; `input` is JSON text."""
    return {
        "OrchestrationInstance": {"InstanceId": instance, "ExecutionId": execution},
        "EventType": Kind.EXECUTION_STARTED,
        "ParentInstance": parent,
        "Name": name,
        "Version": version,
        "Input": input,
        "Tags": None,
        "Correlation": None,
        "ParentTraceContext": None,
        "ScheduledStartTime": None,
        "Generation": generation,
        "GenerateNewTrace": False,
        **_tail(now),
    }


def parent_of(*, name: str, instance: str, execution: str, task: int) -> dict[str, Any]:
    """Return what a child's start says about its parent."""
    return {
        "Name": name,
        "OrchestrationInstance": {"InstanceId": instance, "ExecutionId": execution},
        "TaskScheduleId": task,
        "Version": None,
    }


def execution_completed(*, status: str, result: str | None, identity: int, now: datetime) -> Event:
    """Return the last event of an execution; `result` is JSON text, or the plain text of a failure."""
    return {
        "EventType": Kind.EXECUTION_COMPLETED,
        "OrchestrationStatus": status,
        "Result": result,
        "FailureDetails": None,
        **_tail(now, identity),
    }


def task_scheduled(*, task: int, name: str, now: datetime) -> Event:
    """An activity was called. Its input is not kept in the history, as on the Azure host."""
    return {
        "EventType": Kind.TASK_SCHEDULED,
        "Name": name,
        "Version": "",
        "Input": None,
        "ParentTraceContext": None,
        "Tags": None,
        **_tail(now, task),
    }


def task_completed(*, task: int, result: str | None, now: datetime) -> Event:
    """An activity returned; `result` is JSON text."""
    return {"EventType": Kind.TASK_COMPLETED, "TaskScheduledId": task, "Result": result, **_tail(now)}


def task_failed(*, task: int, reason: str, details: str, now: datetime, final: bool = False) -> Event:
    """An activity raised; `final` means that no other attempt can succeed."""
    return _failed(Kind.TASK_FAILED, task, reason, details, now, final)


def child_created(*, task: int, name: str, instance: str, version: str | None, now: datetime) -> Event:
    """A sub-orchestration was called."""
    return {
        "EventType": Kind.CHILD_CREATED,
        "Name": name,
        "Version": version,
        "InstanceId": instance,
        "Input": None,
        "ClientSpanId": None,
        "Tags": None,
        **_tail(now, task),
    }


def child_completed(*, task: int, result: str | None, now: datetime) -> Event:
    """A sub-orchestration returned; `result` is JSON text."""
    return {"EventType": Kind.CHILD_COMPLETED, "TaskScheduledId": task, "Result": result, **_tail(now)}


def child_failed(*, task: int, reason: str, details: str, now: datetime, final: bool = False) -> Event:
    """A sub-orchestration failed; `final` means that no other attempt can succeed."""
    return _failed(Kind.CHILD_FAILED, task, reason, details, now, final)


def timer_created(*, task: int, fire_at: str, now: datetime) -> Event:
    """A durable timer was set."""
    return {"EventType": Kind.TIMER_CREATED, "FireAt": fire_at, **_tail(now, task)}


def timer_fired(*, task: int, fire_at: str, now: datetime) -> Event:
    """A durable timer was due."""
    return {"EventType": Kind.TIMER_FIRED, "TimerId": task, "FireAt": fire_at, **_tail(now)}


def event_raised(*, name: str, input: str, now: datetime) -> Event:
    """A client raised an event; `input` is JSON text."""
    return {"EventType": Kind.EVENT_RAISED, "Name": name, "Input": input, "ParentTraceContext": None, **_tail(now)}


def event_sent(*, task: int, instance: str, name: str, input: str, now: datetime) -> Event:
    """The orchestrator sent an event to an instance; `input` is JSON text."""
    return {"EventType": Kind.EVENT_SENT, "InstanceId": instance, "Name": name, "Input": input, **_tail(now, task)}


def terminated(*, reason: str | None, now: datetime) -> Event:
    """A client terminated the instance."""
    return {"EventType": Kind.EXECUTION_TERMINATED, "Input": reason, **_tail(now)}


def suspended(*, reason: str | None, now: datetime) -> Event:
    """A client suspended the instance."""
    return {"EventType": Kind.SUSPENDED, "Reason": reason, **_tail(now)}


def resumed(*, reason: str | None, now: datetime) -> Event:
    """A client resumed the instance."""
    return {"EventType": Kind.RESUMED, "Reason": reason, **_tail(now)}


def generic(*, data: str | None, now: datetime) -> Event:
    """An entry that only people read."""
    return {"Data": data, "EventType": Kind.GENERIC, **_tail(now)}


def turn_started(now: datetime) -> Event:
    """The boundary from which the SDK takes events as new. Its time is the orchestrator's clock."""
    return {"EventType": Kind.TURN_STARTED, **_tail(now)}


def turn_completed(now: datetime) -> Event:
    return {"EventType": Kind.TURN_COMPLETED, **_tail(now)}


def _tail(now: datetime, identity: int = NONE) -> Event:
    return {"EventId": identity, "IsPlayed": False, "Timestamp": stamp(now)}


def _failed(kind: Kind, task: int, reason: str, details: str, now: datetime, final: bool) -> Event:
    return {
        "EventType": kind,
        "TaskScheduledId": task,
        "Reason": reason,
        "Details": details,
        "FailureDetails": {"IsNonRetriable": True} if final else None,
        **_tail(now),
    }
