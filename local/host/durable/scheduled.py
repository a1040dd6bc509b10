"""What a turn schedules: the events of new tasks, and the starts of sub-orchestrations. Everything here is pure."""

import json
from collections.abc import Callable
from datetime import datetime
from uuid import NAMESPACE_OID, uuid5

from local.host.durable import entities, events
from local.host.durable.answers import Action, Does, compact
from local.host.durable.events import Event, Kind
from local.host.telemetry import trace_context


def event(started: Event, identity: int, kind: Kind, action: Action, now: datetime) -> Event:
    """Return the event by which a task enters the history."""
    if kind == Kind.EVENT_SENT:
        return _request(started["OrchestrationInstance"], identity, action, now)
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


def _request(me: dict[str, str], identity: int, action: Action, now: datetime) -> Event:
    """Return the event by which the orchestration calls or signals an entity."""
    text = entities.request(
        operation=action["operation"],
        input=compact(action["input"]),
        identity=str(uuid5(NAMESPACE_OID, f"{me['ExecutionId']}:{identity}")),
        now=now,
        caller=me,
        signal=action["actionType"] == Does.SIGNAL_ENTITY,
    )
    return events.event_sent(task=identity, instance=action["instanceId"], name=entities.OPERATION, input=text, now=now)


def child(started: Event, identity: int, action: Action, now: datetime, new_id: Callable[[], str]) -> Event:
    """Return the start of a sub-orchestration."""
    me = started["OrchestrationInstance"]
    start = events.execution_started(
        instance=action["instanceId"],
        execution=new_id(),
        name=action["functionName"],
        input=json.dumps(action["input"], ensure_ascii=False),
        now=now,
        parent=events.parent_of(
            name=started["Name"], instance=me["InstanceId"], execution=me["ExecutionId"], task=identity
        ),
        generation=None,
        version=action.get("version"),
    )
    return {**start, "ParentTraceContext": trace_context.of_child(started, identity)}
