"""How much of a container's request units a run may use, so that the application's own traffic has room."""

from collections.abc import Callable
from dataclasses import dataclass

SAVED_SECONDS = 0.1
"""An idle bucket saves at most this many seconds of its rate, so that no second is served twice the rate."""
BATCH_SECONDS = 0.25
"""A batch costs at most this many seconds of the rate."""
MIN_WAIT = 0.005


@dataclass(slots=True)
class TokenBucket:
    """The request units of one lane. `rate` is in RU/s.

    A batch may overdraw the bucket; the next one waits until the balance is no longer negative."""

    rate: float
    clock: Callable[[], float]
    balance: float = 0.0
    updated_at: float | None = None

    def wait(self) -> float:
        """Seconds until the next batch may go."""
        now = self.clock()
        passed = 0.0 if self.updated_at is None else now - self.updated_at
        self.updated_at = now
        self.balance = min(self.rate * SAVED_SECONDS, self.balance + passed * self.rate)
        return 0.0 if self.balance >= 0 else max(MIN_WAIT, -self.balance / self.rate)

    def batch(self, per_operation: float) -> int:
        """Operations of a batch at most, when one costs `per_operation` request units."""
        return max(1, int(self.rate * BATCH_SECONDS / per_operation))

    def spend(self, units: float) -> None:
        self.balance -= units


def lane_rate(ru_share: float, provisioned: float, lanes: int) -> float:
    """RU/s of one lane. A `ru_share` up to 1 is a fraction of the provisioned RU/s, a larger one is RU/s.

    The lanes of a run work in several processes that do not know of each other, so each gets an equal part."""
    return (ru_share * provisioned if ru_share <= 1 else ru_share) / lanes
