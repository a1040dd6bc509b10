"""What follows from the database's answer to one operation.

Source: Azure docs, "Designing resilient applications with Azure Cosmos DB SDKs", and the codes the SDKs act on.
"""

from enum import Enum, auto

from outlast.cosmos.bulk.transport import CONNECTION_LOST, Result
from outlast.cosmos.errors import of_status
from outlast.errors import Permanent


class Next(Enum):
    WRITTEN = auto()
    REFUSE = auto()
    """This document alone: its row is a reject."""
    AGAIN = auto()
    """At once: nothing was wrong with it (a neighbour failed the batch)."""
    THROTTLED = auto()
    LOST = auto()
    """Again after a moment: the service was busy, moving or gone."""


_LOST = frozenset({CONNECTION_LOST, 408, 410, 449, 500, 502, 503, 504})
_LOST_WITH = frozenset({(403, 3), (403, 1008), (404, 1002), (400, 1024)})
_REFUSED = frozenset({400, 409, 412, 413})


def classify(result: Result, container: str) -> Next:
    """Say what to do with the operation; raise Permanent where no operation on the container can succeed."""
    status, substatus = result.status, result.substatus
    if status in (200, 201):
        return Next.WRITTEN
    if status == 424:
        return Next.AGAIN
    if status == 429:
        return Next.THROTTLED
    if status in _LOST or (status, substatus) in _LOST_WITH:
        return Next.LOST
    if status in _REFUSED:
        return Next.REFUSE
    if status in (401, 403, 404):
        raise of_status(status, substatus, container, f"writes to {container}")
    raise Permanent(f"the database answered {status}/{substatus} for {container}: {result.message}")


def is_stale(result: Result) -> bool:
    """Whether ranges (410) or container (400/1024) are others by now than when the route was read."""
    return result.status == 410 or (result.status, result.substatus) == (400, 1024)
