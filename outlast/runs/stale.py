"""Telling a read that is behind from a run that has moved on.

Instances of the app share no session token, so under session consistency one may read a record as it was some seconds
ago, and may not find a young one. Such a read is repeated; only a record that is ahead stops the caller.
"""

from collections.abc import Iterable

from outlast.errors import Transient
from outlast.runs.record import OUTCOMES, STATES, RunRecord

_WORK = STATES[:-1]
_RANK = {
    **{state: rank for rank, state in enumerate(_WORK)},
    "failing": len(_WORK),
    **dict.fromkeys((STATES[-1], *OUTCOMES), len(_WORK) + 1),
}
"""How far a run is within its attempt."""


class Stale(Transient):
    """The record as it was read is older than its caller."""


def refuse_stale(record: RunRecord, attempt: int, states: Iterable[str]) -> None:
    """Raise Stale where the record is at an earlier attempt, or before each of these states, which are not empty."""
    status = record.status
    earlier = _RANK[status.state] < min(_RANK[state] for state in states)
    if status.attempt < attempt or (status.attempt == attempt and earlier):
        raise Stale(
            f"run {record.id} was read as {status.state} in attempt {status.attempt}, which is before "
            f"{' or '.join(states)} in attempt {attempt}; the replica is behind, and the call is repeated"
        )
