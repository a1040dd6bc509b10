"""What the sweep makes of one run: its record beside its orchestration. No I/O, no clock."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Any

from outlast.models import MOST_ATTEMPTS
from outlast.runs.record import ENDED, RunRecord

STUCK = "outlast: it has not moved for longer than any activity can live"
"""The reason of the sweep's own terminations; any other is somebody's will."""
MOVING = ("Running", "Pending", "ContinuedAsNew")
START_SECONDS = 60.0
"""Whoever recorded a run has started it by then, or died."""
LONGEST_PAUSE = timedelta(hours=1)
"""Between two compensations of a run to which something stays pending."""


class Decision(Enum):
    LEAVE = auto()
    START = auto()
    """The record's attempt was never started."""
    AGAIN = auto()
    """As the next attempt."""
    TERMINATE = auto()
    """It does not move. The next sweep finds it terminated."""
    COMPENSATE = auto()


@dataclass(frozen=True, slots=True)
class InstanceStatus:
    """An orchestration as it stands. `status` None: there is none. `attempt` is what it was started with, `moved` when
    it or one of its lanes last changed, `text` its output or the reason of its end."""

    status: str | None
    attempt: int = 0
    moved: datetime | None = None
    text: Any = None


def decide(record: RunRecord, seen: InstanceStatus, now: datetime, patience: float) -> Decision:
    """What is to be done. `patience`: seconds in which something must change while any activity lives."""
    if record.status.state in ENDED:
        return _pending(record, now)
    if seen.status == "Suspended":
        return Decision.LEAVE
    if seen.status in MOVING:
        moved = max(_time(record.status.updated), seen.moved or _time(record.status.updated))
        return Decision.TERMINATE if now - moved > timedelta(seconds=patience) else Decision.LEAVE
    if record.status.state == "failing":
        return Decision.COMPENSATE
    if record.status.state == "accepted" and seen.attempt < record.status.attempt:
        overdue = seen.status is not None or now - _time(record.status.updated) > timedelta(seconds=START_SECONDS)
        return Decision.START if overdue else Decision.LEAVE
    return _ended(record, seen)


def _pending(record: RunRecord, now: datetime) -> Decision:
    """Later and later, for what could not be done at once may need a person."""
    status = record.status
    pause = min(LONGEST_PAUSE, timedelta(minutes=2 ** min(status.compensations, 10)))
    return Decision.COMPENSATE if status.pending and now - _time(status.updated) >= pause else Decision.LEAVE


def _ended(record: RunRecord, seen: InstanceStatus) -> Decision:
    """The record says that it is being worked on, and nobody works on it. Who terminates or purges a run wants its
    end; an orchestration that failed without a word to the record lost its worker."""
    willed = seen.status is None or (seen.status == "Terminated" and STUCK not in str(seen.text))
    return Decision.COMPENSATE if willed or record.status.attempt >= MOST_ATTEMPTS else Decision.AGAIN


def reason(record: RunRecord, seen: InstanceStatus) -> str:
    """Why a run is compensated that did not fail by itself."""
    if seen.status is None:
        return "its orchestration is gone: it was purged"
    if seen.status == "Terminated" and STUCK not in str(seen.text):
        return f"its orchestration was terminated: {seen.text or 'no reason was given'}"
    return f"its orchestration ended {record.status.attempt} times without its doing; the last time: {seen.text}"


def _time(text: str | None) -> datetime:
    return datetime.fromisoformat(text or "1970-01-01T00:00:00+00:00")
