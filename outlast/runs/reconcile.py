"""What the sweep decides about one run, from its record and its orchestration. No I/O, no clock."""

from datetime import datetime, timedelta
from enum import Enum, auto

from outlast.runs.instances import MOVING, InstanceStatus
from outlast.runs.record import ENDED, RunRecord

MOST_COMPENSATIONS = 28
"""Compensations of a run, which take about a day. What is pending then waits for a person."""
STUCK = "outlast: it has not moved for longer than any activity can live"
"""The reason of the sweep's own terminations. Any other reason is an operator's."""
START_SECONDS = 60.0
"""Time in which the start endpoint starts a run that it recorded, unless its process died."""
LONGEST_PAUSE = timedelta(hours=1)
"""Between two compensations of a run with pending steps."""


class Decision(Enum):
    LEAVE = auto()
    START = auto()
    """The record's attempt was never started."""
    RESTART = auto()
    """Start the next attempt."""
    TERMINATE = auto()
    """The orchestration does not move. The next sweep finds it terminated."""
    COMPENSATE = auto()
    WAKE = auto()
    """The orchestration waits for a seat, and its record says that it has one or needs none any more."""


def decide(record: RunRecord, seen: InstanceStatus, now: datetime, patience: float) -> Decision:
    """Return what to do. `patience`: seconds in which something must change while any activity lives."""
    state, updated = record.status.state, _time(record.status.updated)
    if state in ENDED:
        return _ended(record, now)
    if seen.status == "Suspended":
        return Decision.LEAVE
    if seen.status in MOVING and seen.waits:
        return Decision.LEAVE if state == "queued" else Decision.WAKE
    if seen.status in MOVING:
        moved = max(updated, seen.moved or updated)
        return Decision.TERMINATE if now - moved > timedelta(seconds=patience) else Decision.LEAVE
    if state == "failing":
        return Decision.COMPENSATE
    if state in ("queued", "accepted") and seen.attempt < record.status.attempt:
        recorded = _time(record.request.accepted)
        overdue = seen.status is not None or now - recorded > timedelta(seconds=START_SECONDS)
        return Decision.START if overdue else Decision.LEAVE
    return _without_orchestration(record, seen)


def _ended(record: RunRecord, now: datetime) -> Decision:
    """Pending steps are tried again at growing intervals, because what failed at once may need a person."""
    status = record.status
    pause = min(LONGEST_PAUSE, timedelta(minutes=2 ** min(status.compensations, 10)))
    due = status.compensations < MOST_COMPENSATIONS and now - _time(status.updated) >= pause
    return Decision.COMPENSATE if status.pending and due else Decision.LEAVE


def _without_orchestration(record: RunRecord, seen: InstanceStatus) -> Decision:
    """The record says that the run is at work, but no orchestration is. An operator who terminates or purges it wants
    its end; an orchestration that failed without changing the record lost its worker."""
    wanted = _ended_by_operator(seen)
    return Decision.COMPENSATE if wanted or record.status.attempt >= record.last_attempt else Decision.RESTART


def _ended_by_operator(seen: InstanceStatus) -> bool:
    return seen.status is None or (seen.status == "Terminated" and STUCK not in str(seen.text))


def reason(record: RunRecord, seen: InstanceStatus) -> str:
    """Why a run is compensated that did not fail by itself."""
    if seen.status is None:
        return "its orchestration is gone: it was purged"
    if _ended_by_operator(seen):
        return f"its orchestration was terminated: {seen.text or 'no reason was given'}"
    times = record.status.attempt - record.status.earlier
    return f"its orchestration ended {times} times without its doing; the last time: {seen.text}"


def _time(text: str | None) -> datetime:
    return datetime.fromisoformat(text or "1970-01-01T00:00:00+00:00")
