"""Rewinding a failed instance: what failed becomes a note in its history, so that the next turn does it again."""

from collections.abc import Sequence
from datetime import datetime

from local.host import events
from local.host.events import Event, Kind


def rewound(history: Sequence[Event]) -> list[Event]:
    """The history with its end and its failed activities turned into notes; failed children are left scheduled."""
    failed = {e["TaskScheduledId"] for e in history if e["EventType"] == Kind.TASK_FAILED}
    return [_noted(e) if _goes(e, failed) else e for e in history]


def failed_children(history: Sequence[Event]) -> list[str]:
    """The instances that have to be rewound as well, for their failure was this one's."""
    failed = {e["TaskScheduledId"] for e in history if e["EventType"] == Kind.CHILD_FAILED}
    return [e["InstanceId"] for e in history if e["EventType"] == Kind.CHILD_CREATED and e["EventId"] in failed]


def request(reason: str | None, now: datetime) -> Event:
    """The message that starts the next turn."""
    return events.generic(data=reason, now=now)


def _goes(event: Event, failed: set[int]) -> bool:
    kind = event["EventType"]
    if kind in {Kind.EXECUTION_COMPLETED, Kind.TASK_FAILED, Kind.CHILD_FAILED}:
        return True
    return kind == Kind.TASK_SCHEDULED and event["EventId"] in failed


def _noted(event: Event) -> Event:
    kept = {key: event[key] for key in ("EventId", "IsPlayed", "Timestamp")}
    return {"Data": None, "EventType": Kind.GENERIC, **kept}
