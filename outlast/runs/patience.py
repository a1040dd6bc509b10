"""How long the sweep waits before it takes an orchestration that does not move for a dead one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from outlast.deadline import GIVEN_UP, SHARE
from outlast.runs.record import WAITING, RunRecord

REDELIVERY_SECONDS = 600.0
"""After a crash of the host the message of an activity reappears after at most 5 minutes, and its retry waits."""


@dataclass(frozen=True, slots=True)
class Patience:
    """`timeout` is functionTimeout in seconds, `slots` how many activities an instance runs at once."""

    now: Callable[[], datetime]
    timeout: float
    slots: int

    def time(self) -> datetime:
        return self.now().astimezone(UTC)

    def ends(self) -> datetime:
        """When a sweep that begins now must stop: the host would end the worker and all that it does beside."""
        return self.now() + timedelta(seconds=SHARE * self.timeout)

    def seconds(self, records: Sequence[RunRecord]) -> float:
        """Seconds in which something of a living run changes, however long its activity waits for a slot.

        All runs share the slots, first come first served. So at worst an activity waits until each lane of every run
        at work has had a slot of one instance for as long as a call may last.
        """
        waiting = sum(record.request.max_parallel + 1 for record in records if record.status.state not in WAITING)
        return 2 * self.timeout + REDELIVERY_SECONDS + waiting / self.slots * GIVEN_UP * self.timeout
