"""How fast to send: learned from throttling alone, shared by all activities of the process."""

from collections.abc import Callable
from dataclasses import dataclass, field

from outlast.cosmos.line import Line

MAX_OPERATIONS = 100
MIN_OPERATIONS = 5


@dataclass(slots=True)
class Pace:
    """Of one stretch of a container's hash space. A 429 closes it for the time the database asks for and halves the
    batches, so that several lanes get through; each success makes them larger again."""

    clock: Callable[[], float]
    operations: int = MAX_OPERATIONS
    opens_at: float = 0.0

    def wait(self) -> float:
        """Seconds until the next request may go."""
        return max(0.0, self.opens_at - self.clock())

    def throttled(self, retry_after: float) -> None:
        self.opens_at = max(self.opens_at, self.clock() + retry_after)
        self.operations = max(MIN_OPERATIONS, self.operations // 2)

    def went_through(self) -> None:
        self.operations = min(MAX_OPERATIONS, self.operations + 1)


@dataclass(slots=True)
class Paces:
    """Request units are budgeted by physical partition, and a partition is a stretch of the hash space. Its first byte
    has 64 values: fine enough that a hot partition does not hold up the others, and few enough to keep."""

    clock: Callable[[], float]
    _by_stretch: dict[tuple[str, bytes], Pace] = field(default_factory=dict)

    def of(self, container: str, line: Line) -> Pace:
        return self._by_stretch.setdefault((container, line.effective_partition_key[:2]), Pace(self.clock))
