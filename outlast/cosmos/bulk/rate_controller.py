"""How fast to send to one partition key range. The controller learns from the charge of each answer and from 429s.

The service budgets request units by physical partition and second. The controller therefore works in cycles of about
one second. A cycle begins when the range opens after a 429, somewhat below the rate that the range served in the second
before, and speeds up until the next 429. So no request units stay unused, and each 429 measures the range again. All
writers begin lower by the same fraction and speed up by the same amount, so several writers on one range converge to
equal parts.
"""

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

MAX_OPERATIONS = 100
FIRST_OPERATIONS = 16
"""Operations in flight at most before anything is known. Each success adds as many again, so the limit doubles with
each round trip. All lanes of a process begin at once; without this limit each would send its first batches to a range
that is used up already."""
FLIGHT_SECONDS = 0.2
"""No more is in flight than a physical partition serves in this time, because the first 429 turns back all of it."""
QUANTUM_SECONDS = 0.03
"""A batch costs this fraction of the request units of a second, so that a 429 turns back only a part of one batch."""
SPREAD = 0.1
"""A cycle begins this fraction below the measured rate."""
MAX_RATE = 10_000
"""Request units a second of a physical partition at most. Source: Azure Cosmos DB, "Service quotas"."""
RISE = 2.2 * SPREAD * MAX_RATE
"""RU/s that a cycle speeds up by: more than twice the largest spread, so that every cycle reaches the limit."""
RISE_RATIO = 1.5
"""The rise is at most this many times the measured rate once that rate is steady, so that a small range is not overrun.
While it is not steady, spread and rise are doubled, so that a writer that starts late gets its part within seconds."""
STEADY = 0.05
"""The measured rate is steady when two seconds differ by less than this fraction."""
GROWTH = 0.25
"""A cycle without a 429 is followed by a shorter one that speeds up by this fraction, then by twice that, and so on."""
SHORT_CYCLE = 0.5
MIN_WAIT = 0.005
KEPT_SECONDS = 1.0
"""The rate is measured over whole seconds that end when the range opens, so it begins a second ago at most."""
LEAST_RATIO = 0.25
"""A 429 lowers the measured rate to what was served, but not below this fraction of its old value at once."""


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
    """All activities of the process share the controller of a range.

    Until the first 429 at most `window` operations are in flight, and each success widens it; of several `sharers` each
    may have its part of them. After it, `credit` is the request units that may be spent, and a batch may go whenever
    the credit is not negative."""

    clock: Callable[[], float]
    sharers: int = 1
    per_operation: float = 6.0
    opens_at: float = 0.0
    window: int = FIRST_OPERATIONS
    in_flight: float = 0.0
    cycle: Cycle | None = None
    credit: float = 0.0
    updated_at: float = 0.0
    growth: float = GROWTH
    measured: float = 0.0
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
        self._update_credit(self.cycle, now)
        return 0.0 if self.credit >= 0 else max(MIN_WAIT, -self.credit / self.cycle.speed(now))

    def batch(self) -> int:
        """Operations of the next batch."""
        if self.cycle is None:
            return max(1, min(MAX_OPERATIONS, self._room()))
        return max(1, min(MAX_OPERATIONS, int(self._quantum(self.cycle) / self.per_operation)))

    def _room(self) -> int:
        """Operations that may still be sent before the first cycle."""
        most = min(self.window, max(1, round(FLIGHT_SECONDS * MAX_RATE / self.per_operation)))
        return max(0, max(1, most // self.sharers) - round(self.in_flight / self.per_operation))

    @property
    def ramped_up(self) -> bool:
        """Whether one request at a time no longer uses up the range."""
        return self.cycle is not None or self.window >= MAX_OPERATIONS

    def sent(self, operations: int) -> float:
        """Spend the expected cost of a batch and return it; pass it to `answered` with the batch's answer."""
        expected = operations * self.per_operation
        self.in_flight += expected
        self.credit -= expected
        self.spent += expected
        return expected

    def answered(self, expected: float, charge: float, written: int, retry_after: float | None) -> None:
        """Learn from an answer. `retry_after` is None when nothing was throttled."""
        now = self.clock()
        self.in_flight = max(0.0, self.in_flight - expected)
        self.credit += expected - charge
        self.spent += charge - expected
        if charge:
            self._forget_served(now - KEPT_SECONDS)
            self.served.append((now, charge))
        if written:
            self.per_operation += (charge / written - self.per_operation) * 0.2
        if retry_after is not None:
            self._throttled(now, max(retry_after, MIN_WAIT))
        elif self.cycle is None:
            self.window += written

    def _quantum(self, cycle: Cycle) -> float:
        """Request units of a batch. The speed counts instead of the measured rate once it is higher."""
        return QUANTUM_SECONDS * max(self.measured, cycle.low)

    def _throttled(self, now: float, retry_after: float) -> None:
        """Measure the rate: what was served in the second that ends when the range opens again."""
        late, opens_at = now < self.opens_at, max(self.opens_at, now + retry_after)
        seconds = max(1.0, float(math.ceil(opens_at - now)))
        served = self._served_since(opens_at - seconds) / seconds
        least = self.measured if late else max(self.measured * LEAST_RATIO, self.per_operation)
        measured = max(served, least)
        if not late:
            self.steady = self._is_steady(measured)
        self._begin(opens_at, measured)

    def _is_steady(self, measured: float) -> bool:
        """Whether the new rate is that of the second before, but for a fraction or one operation and a half."""
        tolerance = max(STEADY * measured, min(0.1 * measured, 1.5 * self.per_operation))
        return abs(measured - self.measured) <= tolerance

    def _begin(self, opens_at: float, measured: float) -> None:
        """Begin the cycle that follows a 429."""
        self.measured = measured
        self.opens_at = self.updated_at = opens_at
        self.credit, self.spent, self.growth = 0.0, 0.0, GROWTH
        spread, rise = (SPREAD, min(RISE, RISE_RATIO * measured)) if self.steady else (2 * SPREAD, 2 * RISE)
        low = measured * (1 - spread)
        self.cycle = Cycle(opens_at, 1.0, low, low + rise)

    def _update_credit(self, cycle: Cycle, now: float) -> None:
        """Add the credit earned since `updated_at`, through all cycles that ended without a 429."""
        while now >= cycle.ends:
            self.credit += cycle.allows(self.updated_at, cycle.ends)
            self.credit = min(self.credit, self._quantum(cycle))
            self.updated_at = cycle.ends
            cycle = self.cycle = self._next(cycle, now)
        self.credit += cycle.allows(self.updated_at, now)
        self.updated_at = max(self.updated_at, now)

    def _next(self, cycle: Cycle, now: float) -> Cycle:
        """Return a faster cycle when at least half of this one was used, else one as fast."""
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
        self._forget_served(start)
        return sum(charge for _, charge in self.served)

    def _forget_served(self, start: float) -> None:
        while self.served and self.served[0][0] < start:
            self.served.popleft()


@dataclass(slots=True)
class RateControllers:
    """One controller for each range of each container, for the life of the process."""

    clock: Callable[[], float]
    first_operations: int = FIRST_OPERATIONS
    _by_range: dict[tuple[str, str], RateController] = field(default_factory=dict)

    def get(self, container: str, range_id: str) -> RateController:
        if (container, range_id) not in self._by_range:
            self._by_range[container, range_id] = self._new(container, range_id)
        return self._by_range[container, range_id]

    def _new(self, container: str, range_id: str) -> RateController:
        return RateController(self.clock, window=self.first_operations)
