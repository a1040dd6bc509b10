"""How much of a container's request units a run may use, so that the application's own traffic has room."""

from collections.abc import Callable
from dataclasses import dataclass

SAVED_SECONDS = 0.1
"""Of its rate an bucket keeps at most, when nothing is sent: the next second must not see twice the share."""
BATCH_SECONDS = 0.25


@dataclass(slots=True)
class TokenBucket:
    """Of one lane: `rate` in request units a second. What a batch costs more than there is, is waited for behind it."""

    rate: float
    clock: Callable[[], float]
    credit: float = 0.0
    updated_at: float | None = None

    def wait(self) -> float:
        """Seconds until the next batch may go."""
        now = self.clock()
        passed = 0.0 if self.updated_at is None else now - self.updated_at
        self.updated_at = now
        self.credit = min(self.rate * SAVED_SECONDS, self.credit + passed * self.rate)
        return 0.0 if self.credit >= 0 else max(0.005, -self.credit / self.rate)

    def batch(self, per_operation: float) -> int:
        """Operations of a batch at most."""
        return max(1, int(self.rate * BATCH_SECONDS / per_operation))

    def spend(self, units: float) -> None:
        self.credit -= units


def lane_rate(ru_share: float, provisioned: float, lanes: int) -> float:
    """The RU/s of one lane. `ru_share` up to 1 is a fraction of what is provisioned, beyond it RU/s; the lanes of a run
    work in several processes that know nothing of each other, so each has its part."""
    return (ru_share * provisioned if ru_share <= 1 else ru_share) / lanes
