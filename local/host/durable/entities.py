"""Entities as pure functions: the requests that reach one, the SDK's argument, and what follows from its answer.

An entity is an instance whose id is `@name@key`. Its requests are external events of the name `op`. All that have
arrived are one batch for the app's function, and the answer to a call is an external event of the request's id.
"""

import json
import re
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from local.host.durable import events
from local.host.durable.answers import compact, load
from local.host.durable.events import Event, Kind

OPERATION = "op"  # the name of the event that brings a request
EXECUTION = ""  # an entity has no executions; every orchestration has one
TIMED_OUT = "Timeout value of"  # the SDK reads an error that begins so as text, every other one as JSON
_NAMESPACE = "Microsoft.Azure.WebJobs.Extensions.DurableTask"
_REQUEST = {"$type": f"{_NAMESPACE}.RequestMessage, {_NAMESPACE}"}
_RESPONSE = {"$type": f"{_NAMESPACE}.ResponseMessage, {_NAMESPACE}"}


@dataclass(frozen=True, kw_only=True)
class Entity:
    """An entity and its state."""

    name: str  # in lower case, because the host ignores the case of names
    key: str
    exists: bool = False
    state: str | None = None  # JSON text, as the SDK returned it

    @property
    def id(self) -> str:
        return instance_of(self.name, self.key)

    def stored(self) -> str:
        """Return the state as the management API shows it, as the input of the entity's instance."""
        return compact({"exists": self.exists, "state": self.state, "sorter": {}})


@dataclass(frozen=True, kw_only=True)
class Batch:
    """What a batch of requests has led to."""

    entity: Entity
    saved: bool  # whether the entity is written; if not, it stays as it was
    replies: list[tuple[str, str, Event]] = field(default_factory=list)  # instance, execution, event


def instance_of(name: str, key: str) -> str:
    """Return the id of an entity's instance."""
    return f"@{name.lower()}@{key}"


def named(instance: str) -> tuple[str, str] | None:
    """Return name and key of the entity whose instance has this id, or None for the id of an orchestration."""
    found = re.fullmatch("@([^@]+)@(.*)", instance, re.DOTALL)
    return (found[1], found[2]) if found else None


def read(instance: str, stored: str | None) -> Entity:
    """Return an entity from its instance's input; None is an entity that nobody has used yet."""
    name, key = named(instance) or ("", instance)
    kept = json.loads(stored) if stored is not None else {}
    return Entity(name=name, key=key, exists=kept.get("exists", False), state=kept.get("state"))


def request(
    *, operation: str, input: str | None, identity: str, now: datetime, caller: dict[str, str] | None, signal: bool
) -> str:
    """Return a request as JSON text; `input` is JSON text, and `caller` the OrchestrationInstance that asks.

    One queue keeps the order of all requests, so that none names a predecessor.
    """
    message = {**_REQUEST, "op": operation}
    more: dict[str, Any] = {"signal": True} if signal else {}
    if input is not None:
        more["input"] = input
    more["id"] = identity
    if caller is not None:
        more |= {"parent": caller["InstanceId"], "parentExecution": caller["ExecutionId"]}
    times = {"Timestamp": events.stamp(now), "Predecessor": "0001-01-01T00:00:00", "requestTime": now.isoformat()}
    return compact({**message, **more, **times})


def requests_of(messages: list[Event]) -> list[dict[str, Any]]:
    """Return the requests among an instance's messages. An entity has no use for any other message."""
    asked = [m for m in messages if m["EventType"] == Kind.EVENT_RAISED and m["Name"] == OPERATION]
    return [json.loads(m["Input"]) for m in asked]


def context(entity: Entity, requests: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the SDK's argument."""
    return {
        "self": {"name": entity.name, "key": entity.key},
        "exists": entity.exists,
        "state": entity.state,
        "batch": [
            {"name": r["op"], "input": r.get("input"), "isSignal": r.get("signal", False), "id": r["id"]}
            for r in requests
        ],
    }


def answered(entity: Entity, requests: list[dict[str, Any]], answer: bytes, now: datetime) -> Batch:
    """Return what follows from the SDK's answer; raise ValueError for a state that cannot be kept.

    What an operation did to the state before it raised stays.
    """
    state = load(answer)
    load(state["entityState"] or "null")
    changed = replace(entity, exists=bool(state["entityExists"]), state=state["entityState"])
    replies = [
        _reply(asked, result["result"], now, failed=result["isError"])
        for asked, result in zip(requests, state["results"], strict=True)
        if not asked.get("signal")
    ]
    return Batch(entity=changed, saved=True, replies=replies)


def failed(entity: Entity, requests: list[dict[str, Any]], error: str, now: datetime) -> Batch:
    """Return what follows when the function gave no answer: all calls fail, and the entity stays as it was."""
    result = error if error.startswith(TIMED_OUT) else compact(error)
    calls = [r for r in requests if not r.get("signal")]
    return Batch(entity=entity, saved=False, replies=[_reply(r, result, now, failed=True) for r in calls])


def _reply(asked: dict[str, Any], result: str, now: datetime, *, failed: bool) -> tuple[str, str, Event]:
    response = {**_RESPONSE, "result": result, **({"exceptionType": "Error"} if failed else {})}
    event = events.event_raised(name=asked["id"], input=compact(response), now=now)
    return asked["parent"], asked["parentExecution"], event
