"""What the writer does after the database's answer to one operation."""

from enum import Enum, auto

from outlast.cosmos.bulk.transport import CONNECTION_LOST, MISSING, WRITTEN, Result
from outlast.cosmos.errors import PASSING, PASSING_WITH, dead_end
from outlast.errors import Permanent


class Next(Enum):
    WRITTEN = auto()
    REFUSE = auto()
    """The database refuses this document alone. Its row is a reject."""
    AGAIN = auto()
    """Send again at once, because another document failed the batch."""
    THROTTLED = auto()
    LOST = auto()
    """Send again after a wait, because the service was busy, moving or gone."""


_LOST = PASSING | {CONNECTION_LOST}
_REFUSED = frozenset({400, 409, 412, 413})


def classify(result: Result, container: str) -> Next:
    """Return what to do with the operation. Raises Permanent when no operation on the container can succeed."""
    status, substatus = result.status, result.substatus
    if status in WRITTEN:
        return Next.WRITTEN
    if status == 424:
        return Next.AGAIN
    if status == 429:
        return Next.THROTTLED
    if status in _LOST or (status, substatus) in PASSING_WITH:
        return Next.LOST
    if status in _REFUSED or (status, substatus) == MISSING:
        return Next.REFUSE
    reason = dead_end(f"writes to {container}", container, status, substatus)
    raise Permanent(reason or f"the database answered {status}/{substatus} for {container}: {result.message}")


def may_be_written(result: Result) -> bool:
    """Whether the operation may have been applied although no answer says so."""
    return result.status in (CONNECTION_LOST, 408) or result.status >= 500


def may_be_of_another(result: Result) -> bool:
    """Whether the operation may be refused because of another one in the same request."""
    return result.status in (400, 413) and (result.status, result.substatus) not in PASSING_WITH


def is_stale(result: Result) -> bool:
    """Whether the ranges (410) or the container (400/1024) have changed since the route was read."""
    return result.status == 410 or (result.status, result.substatus) == (400, 1024)
