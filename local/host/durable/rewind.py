"""Rewinds a failed instance: its failures become notes in its history, so that the next turn makes those calls
again."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from local.host.durable import events
from local.host.durable.events import Event, Kind

CALLS = {Kind.TASK_SCHEDULED, Kind.CHILD_CREATED}


def rewound(history: Sequence[Event]) -> list[Event]:
    """Return the history with its end and its failures turned into notes. Failed children stay scheduled.

    A call with a retry policy goes back to its first attempt. A call whose last attempt succeeded has not failed.
    """
    retries = _retries(history)
    failed = _failed(history, retries)
    gone = failed | {timer for task, (timer, _) in retries.items() if task in failed}
    again = {attempt for task, (_, attempt) in retries.items() if task in failed}
    return [_noted(e) if _goes(e, gone, again) else e for e in history]


def failed_children(history: Sequence[Event]) -> list[str]:
    """Return the instances that have to be rewound too, because their failure caused this one's."""
    retries = _retries(history)
    failed = _failed(history, retries) - {attempt for _, attempt in retries.values()}
    return [e["InstanceId"] for e in history if e["EventType"] == Kind.CHILD_CREATED and e["EventId"] in failed]


def request(reason: str | None, now: datetime) -> Event:
    """Return the message that starts the next turn."""
    return events.generic(data=reason, now=now)


def _goes(event: Event, gone: set[int], again: set[int | None]) -> bool:
    kind = event["EventType"]
    if kind == Kind.EXECUTION_COMPLETED:
        return True
    if kind in events.COMPLETIONS:
        return events.completes(event) in gone
    if kind == Kind.CHILD_CREATED:
        return event["EventId"] in again
    return kind in events.SCHEDULES and event["EventId"] in gone


def _failed(history: Sequence[Event], retries: dict[int, tuple[int, int | None]]) -> set[int]:
    """Return the tasks that failed for good, with all their attempts."""
    failures = {events.completes(e) for e in history if e["EventType"] in events.FAILURES}
    return {task for task in failures if _last_attempt(task, retries) in failures}


def _last_attempt(task: int, retries: dict[int, tuple[int, int | None]]) -> int:
    while task in retries and (following := retries[task][1]) is not None:
        task = following
    return task


def _retries(history: Sequence[Event]) -> dict[int, tuple[int, int | None]]:
    """Return for each failed task the timer that was set when it failed, and the same call made after the timer
    fired."""
    names = {e["EventId"]: e["Name"] for e in history if e["EventType"] in CALLS}
    timers: dict[int, int] = {}  # the timer's id: whose failure set it
    found: dict[int, tuple[int, int | None]] = {}
    for turn in _turns(history):
        made = [e for e in turn if e["EventType"] in CALLS]
        for fired in (e["TimerId"] for e in turn if e["EventType"] == Kind.TIMER_FIRED and e["TimerId"] in timers):
            task = timers[fired]
            repeat = next((e for e in made if e["Name"] == names.get(task)), None)
            if repeat is not None:
                made.remove(repeat)
                found[task] = (fired, repeat["EventId"])
        failures = [events.completes(e) for e in turn if e["EventType"] in events.FAILURES]
        set_now = [e["EventId"] for e in turn if e["EventType"] == Kind.TIMER_CREATED]
        for task, timer in zip(failures, set_now, strict=False):
            timers[timer] = task
            found[task] = (timer, None)
    return found


def _turns(history: Sequence[Event]) -> Iterator[list[Event]]:
    turn: list[Event] = []
    for event in history:
        if event["EventType"] == Kind.TURN_STARTED:
            yield turn
            turn = []
        turn.append(event)
    yield turn


def _noted(event: Event) -> Event:
    kept = {key: event[key] for key in ("EventId", "IsPlayed", "Timestamp")}
    return {"Data": None, "EventType": Kind.GENERIC, **kept}
