"""The host's data, and the changes that belong together: each function here is one transaction or part of one."""

import sqlite3
from dataclasses import dataclass, replace
from datetime import datetime
from math import floor
from typing import Any

import orjson

from local.host.durable import events
from local.host.durable import rewind as rewinding
from local.host.durable.answers import compact
from local.host.durable.entities import EXECUTION, Batch
from local.host.durable.events import Event, Kind
from local.host.durable.turn import Call, Outcome
from local.host.storage.database import Queries

FINISHED = frozenset({"Completed", "Failed", "Terminated"})


@dataclass(frozen=True, kw_only=True)
class Activity:
    """An activity that has to be run and reported."""

    id: int
    instance: str
    execution: str
    task: int
    name: str
    input: str | None


@dataclass(frozen=True, kw_only=True)
class DueTimer:
    """A durable timer and its time."""

    instance: str
    execution: str
    task: int
    due: float
    fire_at: str


@dataclass(frozen=True, kw_only=True)
class Saved:
    """What is to be done after a change. The engine takes it up without reading the file again."""

    wake: tuple[str, ...] = ()  # instances with messages
    activities: tuple[Activity, ...] = ()
    timers: tuple[DueTimer, ...] = ()

    def and_wake(self, instances: list[str]) -> "Saved":
        """Return this with more instances to wake."""
        return replace(self, wake=(*self.wake, *instances)) if instances else self


class AlreadyExists(Exception):
    """An unfinished instance has this id."""

    def __init__(self, status: str) -> None:
        super().__init__(f"An Orchestration instance with the status {status} already exists.")


def is_entity(instance: sqlite3.Row) -> bool:
    """Return whether the instance is an entity."""
    return bool(instance["execution"] == EXECUTION)


def load_history(queries: Queries, instance: str) -> list[Event]:
    """Return the events of the current execution."""
    return [orjson.loads(row["event"]) for row in queries.all("read_history", instance=instance)]


def start_instance(queries: Queries, start: Event) -> Saved:
    """Start an instance for a client; raise AlreadyExists if the id is in use. Nothing of an earlier instance with that
    id remains."""
    found = queries.one("find_instance", id=start["OrchestrationInstance"]["InstanceId"])
    if found is not None and found["status"] not in FINISHED:
        raise AlreadyExists(found["status"])
    if found is not None:
        start = {**start, "Generation": found["generation"] + 1}
    return _create(queries, start)


def add_message(queries: Queries, instance: str, event: Event, execution: str | None = None) -> Saved:
    """Send an event to an instance."""
    queries.run("add_message", instance=instance, execution=execution, event=orjson.dumps(event))
    return Saved(wake=(instance,))


def finish_activity(queries: Queries, activity: Activity, event: Event) -> Saved:
    """Keep a result once: the activity's row is gone when a second answer comes."""
    if not queries.run("delete_activity", id=activity.id):
        return Saved()
    return add_message(queries, activity.instance, event, activity.execution)


def fire_timer(queries: Queries, timer: DueTimer, now: datetime) -> Saved:
    """Turn a due timer into a message, once."""
    key = {"instance": timer.instance, "task": timer.task, "execution": timer.execution, "due": timer.due}
    if not queries.run("take_timer", **key):
        return Saved()
    event = events.timer_fired(task=timer.task, fire_at=timer.fire_at, now=now)
    return add_message(queries, timer.instance, event, timer.execution)


def discard_messages(queries: Queries, ids: list[int]) -> int:
    """Drop messages that no turn can use; return how many there were."""
    return queries.run_many("delete_message", [{"id": i} for i in ids])


def save_turn(queries: Queries, instance: sqlite3.Row, taken: list[int], outcome: Outcome, now: datetime) -> Saved:
    """Save a whole turn: history, messages, timers and status together."""
    discard_messages(queries, taken)
    sent = _deliver(queries, outcome.events)
    if outcome.successor is not None:
        return _succeed(queries, instance, outcome.successor).and_wake(sent)
    _append(queries, instance["id"], outcome.events)
    queries.run(
        "update_instance",
        id=instance["id"],
        status=outcome.status,
        custom_status=outcome.custom_status,
        output=outcome.output,
        updated=events.stamp(now),
    )
    if outcome.status in FINISHED:
        return _end(queries, instance, outcome).and_wake(sent)
    return _send(queries, instance, outcome, now).and_wake(sent)


def save_batch(queries: Queries, taken: list[int], batch: Batch, now: datetime) -> Saved:
    """Save what a batch of requests has made of an entity, and answer the calls among them.

    A purge deletes the requests, too: the entity is not written again when it was purged during the batch.
    """
    purged = discard_messages(queries, taken) < len(taken)
    if batch.saved and not purged:
        queries.run(
            "put_entity",
            id=batch.entity.id,
            execution=EXECUTION,
            input=batch.entity.stored(),
            custom_status=compact({"entityExists": batch.entity.exists}),
            updated=events.stamp(now),
        )
    for instance, execution, event in batch.replies:
        add_message(queries, instance, event, execution)
    return Saved(wake=tuple(dict.fromkeys(instance for instance, _, _ in batch.replies)))


def purge(queries: Queries, instances: list[str]) -> int:
    """Remove finished instances with everything that belongs to them; return their number."""
    deleted = 0
    for instance in instances:
        if queries.run("delete_finished", id=instance):  # another client may have started it again meanwhile
            _forget(queries, instance)
            deleted += 1
    queries.all("give_back")
    return deleted


def _create(queries: Queries, start: Event) -> Saved:
    identity = start["OrchestrationInstance"]
    _forget(queries, identity["InstanceId"])
    queries.run(
        "put_instance",
        id=identity["InstanceId"],
        execution=identity["ExecutionId"],
        name=start["Name"],
        status="Pending",
        input=start["Input"],
        created=start["Timestamp"],
        generation=start["Generation"] or 0,
        parent=orjson.dumps(start["ParentInstance"]).decode() if start["ParentInstance"] else None,
    )
    return add_message(queries, identity["InstanceId"], start, identity["ExecutionId"])


def _forget(queries: Queries, instance: str) -> None:
    for table in ("history", "messages", "activities", "timers"):
        queries.run(f"delete_{table}", instance=instance)


def _append(queries: Queries, instance: str, new: list[Event]) -> None:
    row = queries.one("history_length", instance=instance)
    first = row[0] if row else 0
    rows = [{"instance": instance, "seq": first + i, "event": orjson.dumps(e)} for i, e in enumerate(new)]
    queries.run_many("add_history", rows)


def _succeed(queries: Queries, instance: sqlite3.Row, successor: list[Event]) -> Saved:
    """Continue as new: the next generation gets the events that were raised and not taken."""
    late = [r for r in queries.all("read_messages", instance=instance["id"]) if r["execution"] is None]
    start, *carried = successor
    _create(queries, start)
    queries.run("set_status", id=instance["id"], status="Running", output=None, updated=start["Timestamp"])
    for event in carried:
        add_message(queries, instance["id"], event)
    for row in late:
        queries.run("add_message", instance=instance["id"], execution=None, event=row["event"])
    return Saved(wake=(instance["id"],))


def _deliver(queries: Queries, new: list[Event]) -> list[str]:
    """Bring the events that an orchestrator has sent to their instances; return these."""
    sent = [e for e in new if e["EventType"] == Kind.EVENT_SENT]
    for e in sent:
        event = events.event_raised(name=e["Name"], input=e["Input"], now=events.moment(e["Timestamp"]))
        add_message(queries, e["InstanceId"], event)
    return [e["InstanceId"] for e in sent]


def _send(queries: Queries, instance: sqlite3.Row, outcome: Outcome, now: datetime) -> Saved:
    """Store the activities, timers and children that the turn starts."""
    calls = _reordered(outcome.calls)
    activities = [_add_activity(queries, instance, call.task, call.name, call.input) for call in calls]
    timers = [_add_timer(queries, instance, timer.task, timer.fire_at, now) for timer in outcome.timers]
    for task in outcome.cancelled:
        queries.run("delete_timer", instance=instance["id"], task=task)
    woken = [w for child in outcome.children for w in _start_child(queries, child).wake]
    return Saved(wake=tuple(woken), activities=tuple(activities), timers=tuple(timers))


def _reordered(calls: list[Call]) -> list[Call]:
    """The Azure host's queue keeps no order: the last call of a fan-out was seen to overtake the one before it."""
    return [*calls[:-2], *reversed(calls[-2:])]


def _add_activity(queries: Queries, instance: sqlite3.Row, task: int, name: str, given: str | None) -> Activity:
    row: dict[str, Any] = {
        "instance": instance["id"],
        "execution": instance["execution"],
        "task": task,
        "name": name,
        "input": given,
    }
    return Activity(id=queries.run("add_activity", **row), **row)


def _add_timer(queries: Queries, instance: sqlite3.Row, task: int, fire_at: str, now: datetime) -> DueTimer:
    """The Azure host waits whole seconds, rounded down. This host does the same, because apps must tolerate it."""
    wait = floor((events.moment(fire_at) - now).total_seconds())
    row: dict[str, Any] = {
        "instance": instance["id"],
        "execution": instance["execution"],
        "task": task,
        "due": now.timestamp() + max(wait, 0),
        "fire_at": fire_at,
    }
    queries.run("add_timer", **row)
    return DueTimer(**row)


def _start_child(queries: Queries, start: Event) -> Saved:
    """A sub-orchestration whose id is in use waits until that instance ends."""
    instance = start["OrchestrationInstance"]["InstanceId"]
    found = queries.one("find_instance", id=instance)
    if found is not None and found["status"] not in FINISHED:
        queries.run("queue_start", instance=instance, event=orjson.dumps(start))
        return Saved()
    return _create(queries, start)


def _end(queries: Queries, instance: sqlite3.Row, outcome: Outcome) -> Saved:
    """End the instance: delete what waits for it, send its result to its parent, and start a queued one."""
    for table in ("messages", "activities", "timers"):
        queries.run(f"delete_{table}", instance=instance["id"])
    woken: list[str] = []
    if outcome.report is not None and instance["parent"]:
        parent = orjson.loads(instance["parent"])["OrchestrationInstance"]
        add_message(queries, parent["InstanceId"], outcome.report, parent["ExecutionId"])
        woken.append(parent["InstanceId"])
    queued = queries.one("next_queued_start", instance=instance["id"])
    if queued is not None:
        queries.run("delete_queued_start", id=queued["id"])
        woken += _create(queries, orjson.loads(queued["event"])).wake
    return Saved(wake=tuple(woken))


def rewind(queries: Queries, instance: str, note: Event) -> Saved:
    """Take a failed instance back to before its failures, with the children that caused them."""
    row = queries.one("find_instance", id=instance)
    if row is None or row["status"] != "Failed":  # by now
        return Saved()
    history = load_history(queries, instance)
    queries.run("delete_history", instance=instance)
    _append(queries, instance, rewinding.rewound(history))
    queries.run("set_status", id=instance, status="Running", output=None, updated=note["Timestamp"])
    woken = list(add_message(queries, instance, note).wake)
    for child in rewinding.failed_children(history):
        woken += rewind(queries, child, note).wake
    return Saved(wake=tuple(woken))
