"""Instances and histories in the form of the management API."""

import json
import sqlite3
from collections.abc import Iterable
from typing import Any

from local.host.durable import events
from local.host.durable.events import Event, Kind

SCHEDULED_BY = {
    Kind.TASK_COMPLETED: Kind.TASK_SCHEDULED,
    Kind.TASK_FAILED: Kind.TASK_SCHEDULED,
    Kind.CHILD_COMPLETED: Kind.CHILD_CREATED,
    Kind.CHILD_FAILED: Kind.CHILD_CREATED,
}
HIDDEN = {
    Kind.EXECUTION_STARTED: {"Name", "OrchestrationInstance", "ParentInstance", "Version", "Tags"},
    Kind.TIMER_FIRED: {"TimerId"},
    Kind.TASK_SCHEDULED: {"Version"},
    Kind.CHILD_CREATED: {"Version"},
}
ALWAYS_HIDDEN = {"EventId", "IsPlayed", "TaskScheduledId"}
WITH_RESULT = {Kind.TASK_COMPLETED, Kind.CHILD_COMPLETED, Kind.EXECUTION_COMPLETED}


def status(row: sqlite3.Row, *, show_input: bool) -> dict[str, Any]:
    """Return an instance as the management API shows it."""
    return {
        "name": row["name"],
        "instanceId": row["id"],
        "runtimeStatus": row["status"],
        "input": _parsed(row["input"]) if show_input else None,
        "customStatus": _parsed(row["custom_status"]),
        "output": _parsed(row["output"]),
        "createdTime": whole_seconds(row["created"]),
        "lastUpdatedTime": whole_seconds(row["updated"]),
    }


def whole_seconds(stamp: str) -> str:
    """Cut the fraction of a second, which the API does not show."""
    return stamp.partition(".")[0].rstrip("Z") + "Z"


def history(recorded: Iterable[Event], *, show_output: bool, show_input: bool) -> list[dict[str, Any]]:
    """Return the history without turn boundaries, with each schedule merged into the completion that ended it."""
    shown: list[dict[str, Any]] = []
    scheduled: dict[tuple[int, int], tuple[Event, dict[str, Any]]] = {}
    for event in recorded:
        kind = event["EventType"]
        if kind in {Kind.TURN_STARTED, Kind.TURN_COMPLETED}:
            continue
        view = _view(event, kind, show_output=show_output)
        if kind in {Kind.TASK_SCHEDULED, Kind.CHILD_CREATED}:
            scheduled[kind, event["EventId"]] = (event, view)
        elif kind in SCHEDULED_BY:
            cause = scheduled.pop((SCHEDULED_BY[kind], event["TaskScheduledId"]), None)
            if cause is not None:
                _fold(cause, view, shown, show_input=show_input)
        shown.append(view)
    return [view for view in shown if view]


def _view(event: Event, kind: Kind, *, show_output: bool) -> dict[str, Any]:
    hidden = ALWAYS_HIDDEN | HIDDEN.get(kind, set())
    view = {k: v for k, v in event.items() if k not in hidden}
    view["EventType"] = events.NAMES[kind]
    if kind == Kind.EXECUTION_STARTED:
        view["FunctionName"] = event["Name"]
    if kind in WITH_RESULT:
        if show_output:
            view["Result"] = _parsed(event["Result"], otherwise=event["Result"])
        else:
            del view["Result"]
    return view


def _fold(cause: tuple[Event, dict[str, Any]], view: dict[str, Any], shown: list[Any], *, show_input: bool) -> None:
    event, its_view = cause
    its_view.clear()  # an emptied view is dropped at the end, which costs less than removing it from the list
    view["ScheduledTime"] = event["Timestamp"]
    view["FunctionName"] = event["Name"]
    if show_input:
        view["Input"] = event["Input"]


def _parsed(text: str | None, otherwise: Any = None) -> Any:
    """Return the value of JSON text. A failed execution's result is plain text."""
    if text is None:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return otherwise
