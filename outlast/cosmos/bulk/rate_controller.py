"""How fast to send to one partition key range: learned from each answer's charge and from 429s, by request units.

The service budgets request units by physical partition and second. So time is taken in cycles of about a second that
begin where the range opens after a 429. A cycle begins somewhat below what the range gave in the second before and
speeds up until it meets the limit: nothing is left unused, and the next 429 measures the range again. All writers begin
by the same share lower and speed up by the same amount, so of several on one range the slower gains on the faster.
"""

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

MAX_OPERATIONS = 100
FIRST_OPERATIONS = 16
"""In flight at most when nothing is known. What succeeds is added, so the limit doubles with each round trip: all lanes
of a process begin at once, and without it each would send its first batches to a range that is used up already."""
FLIGHT_SECONDS = 0.2
"""But never more in flight than a physical partition can serve in so long: the first 429 turns all of it back."""
QUANTUM_SECONDS = 0.03
"""A batch is worth this much of a second's request units: what a 429 turns back is a part of one batch."""
SPREAD = 0.1
"""A cycle begins this share below what the range gave."""
MOST = 10_000
"""Request units a second of a physical partition at most (Azure Cosmos DB, "Service quotas")."""
RISE = 2.2 * SPREAD * MOST
"""By how much a cycle speeds up: beyond twice the spread at the most, so that the limit is met."""
RISE_SHARE = 1.5
"""But not by more than this many times what the range gave, once that is about the same from second to second: a small
range is not to be overrun. While it is not, spread and rise are doubled, so that a writer that comes late gets its
part within seconds."""
STEADY = 0.05
"""What two seconds may differ by and count as about the same."""
GROWTH = 0.25
"""A cycle without a 429 is followed by a shorter one that speeds up by this share, then by twice that, and so on."""
SHORT_CYCLE = 0.5
MIN_WAIT = 0.005
LEAST_SHARE = 0.25
"""A 429 takes the speed down to what was really served, but not below this share of it at once."""


@dataclass(slots=True)
class Cycle:
    """Speeds up evenly from `low` to `high` request units a second."""

    begins: float
    seconds: float
    low: float
    high: float

    @property
    def ends(self) -> float:
        return self.begins + self.seconds

    def speed(self, now: float) -> float:
        passed = min(1.0, max(0.0, (now - self.begins) / self.seconds))
        return self.low + (self.high - self.low) * passed

    def allows(self, start: float, end: float) -> float:
        """Request units between two instants."""
        start, end = max(start, self.begins), min(end, self.ends)
        return max(0.0, end - start) * (self.speed(start) + self.speed(end)) / 2


@dataclass(slots=True)
class RateController:
    """Of one range, shared by all activities of the process. Until the first 429 `window` operations may be in flight,
    more with each success; then `credit` is what may be spent, and a batch may go whenever it is not negative."""

    clock: Callable[[], float]
    per_operation: float = 6.0
    opens_at: float = 0.0
    window: int = FIRST_OPERATIONS
    in_flight: float = 0.0
    cycle: Cycle | None = None
    credit: float = 0.0
    updated_at: float = 0.0
    growth: float = GROWTH
    given: float = 0.0
    steady: bool = False
    spent: float = 0.0
    served: deque[tuple[float, float]] = field(default_factory=deque)

    def wait(self) -> float:
        """Seconds until the next batch may go."""
        now = self.clock()
        if now < self.opens_at:
            return max(MIN_WAIT, self.opens_at - now)
        if self.cycle is None:
            return 0.0 if self._room() else MIN_WAIT
        self._update(self.cycle, now)
        return 0.0 if self.credit >= 0 else max(MIN_WAIT, -self.credit / self.cycle.speed(now))

    def batch(self) -> int:
        """Operations of the next batch."""
        if self.cycle is None:
            return max(1, min(MAX_OPERATIONS, self._room()))
        return max(1, min(MAX_OPERATIONS, int(self._quantum(self.cycle) / self.per_operation)))

    def _room(self) -> int:
        """Operations that may still go, as long as there is no cycle."""
        most = min(self.window, max(1, round(FLIGHT_SECONDS * MOST / self.per_operation)))
        return max(0, most - round(self.in_flight / self.per_operation))

    @property
    def ramped_up(self) -> bool:
        """Whether more than one request at once is called for."""
        return self.cycle is not None or self.window >= MAX_OPERATIONS

    def sent(self, operations: int) -> float:
        """Take what a batch will probably cost; its answer is told that amount again."""
        expected = operations * self.per_operation
        self.in_flight += expected
        self.credit -= expected
        self.spent += expected
        return expected

    def answered(self, expected: float, charge: float, written: int, retry_after: float | None) -> None:
        """Learn from an answer. `retry_after` is None where nothing was throttled."""
        now = self.clock()
        self.in_flight = max(0.0, self.in_flight - expected)
        self.credit += expected - charge
        self.spent += charge - expected
        if charge:
            self.served.append((now, charge))
        if written:
            self.per_operation += (charge / written - self.per_operation) * 0.2
        if retry_after is not None:
            self._throttled(now, max(retry_after, MIN_WAIT))
        elif self.cycle is None:
            self.window += written

    def _quantum(self, cycle: Cycle) -> float:
        """Request units of a batch: by what the range gave, and by the speed once that is outgrown."""
        return QUANTUM_SECONDS * max(self.given, cycle.low)

    def _throttled(self, now: float, retry_after: float) -> None:
        """Take what was served in the second that ends when the range opens for what it gives."""
        late, opens_at = now < self.opens_at, max(self.opens_at, now + retry_after)
        seconds = max(1.0, float(math.ceil(opens_at - now)))
        served = self._served_since(opens_at - seconds) / seconds
        least = self.given if late else max(self.given * LEAST_SHARE, self.per_operation)
        given = max(served, least)
        if not late:
            self.steady = abs(given - self.given) <= max(STEADY * given, min(0.1 * given, 1.5 * self.per_operation))
        self._begin(opens_at, given)

    def _begin(self, opens_at: float, given: float) -> None:
        """The cycle behind a 429."""
        self.given = given
        self.opens_at = self.updated_at = opens_at
        self.credit, self.spent, self.growth = 0.0, 0.0, GROWTH
        spread, rise = (SPREAD, min(RISE, RISE_SHARE * given)) if self.steady else (2 * SPREAD, 2 * RISE)
        low = given * (1 - spread)
        self.cycle = Cycle(opens_at, 1.0, low, low + rise)

    def _update(self, cycle: Cycle, now: float) -> None:
        """Bring the credit up to date, through the cycles that have passed without a 429."""
        while now >= cycle.ends:
            self.credit += cycle.allows(self.updated_at, cycle.ends)
            self.credit = min(self.credit, self._quantum(cycle))
            self.updated_at = cycle.ends
            cycle = self.cycle = self._next(cycle, now)
        self.credit += cycle.allows(self.updated_at, now)
        self.updated_at = max(self.updated_at, now)

    def _next(self, cycle: Cycle, now: float) -> Cycle:
        """Faster, where the speed was made use of; the same where there was little to send."""
        used = self.spent >= cycle.allows(cycle.begins, cycle.ends) / 2
        self.spent = 0.0
        begins = cycle.ends if now < cycle.ends + SHORT_CYCLE else now
        self.updated_at = max(self.updated_at, begins)
        if not used:
            self.growth = GROWTH
            return Cycle(begins, 1.0, cycle.low, cycle.high)
        growth, self.growth = self.growth, min(4.0, self.growth * 2)
        return Cycle(begins, SHORT_CYCLE, cycle.high, cycle.high * (1 + growth))

    def _served_since(self, start: float) -> float:
        while self.served and self.served[0][0] < start:
            self.served.popleft()
        return sum(charge for _, charge in self.served)


@dataclass(slots=True)
class RateControllers:
    """One for each range of each container, for the life of the process."""

    clock: Callable[[], float]
    first: int = FIRST_OPERATIONS
    _by_range: dict[tuple[str, str], RateController] = field(default_factory=dict)

    def get(self, container: str, range_id: str) -> RateController:
        return self._by_range.setdefault((container, range_id), RateController(self.clock, window=self.first))
