import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count
from random import Random

import pytest

from local.cosmos.budget import Budget
from outlast.cosmos.bulk.rate_controller import (
    FIRST_OPERATIONS,
    FLIGHT_SECONDS,
    LEAST_SHARE,
    MAX_OPERATIONS,
    MOST,
    RateController,
    RateControllers,
)
from tests.fakes.clock import ManualClock

CHARGE = 5.71
WORKERS = 4
LATENCY = 0.005
"""Seconds there and back."""


@dataclass(slots=True)
class Range:
    """A partition of the emulator in simulated time, and writers that send to it as fast as their rates let them."""

    rate: Callable[[float], float]
    now: float = 1000.37
    budget: Budget = field(default_factory=lambda: Budget(0))
    served: dict[int, dict[int, float]] = field(default_factory=dict)
    throttled: int = 0
    operations: int = 0
    random: Random = field(default_factory=lambda: Random(1))
    _due: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _turns: Iterator[int] = field(default_factory=count)

    def join(self, writer: int, at: float = 0.0) -> None:
        """Let a writer begin, that many seconds from now."""
        pace = RateController(lambda: self.now)
        for _ in range(WORKERS):
            self._after(at, lambda: self._send(writer, pace))

    def run(self, seconds: float) -> None:
        ends = self.now + seconds
        while self._due[0][0] < ends:
            self.now, _, work = heappop(self._due)
            work()

    def used(self, second: int, writer: int | None = None) -> float:
        """Request units of one second after the first whole one."""
        of = self.served if writer is None else {writer: self.served[writer]}
        return sum(by_second.get(1001 + second, 0.0) for by_second in of.values())

    def _after(self, seconds: float, work: Callable[[], None]) -> None:
        heappush(self._due, (self.now + seconds, next(self._turns), work))

    def _send(self, writer: int, pace: RateController) -> None:
        if wait := pace.wait():
            self._after(wait + self.random.random() * 0.002, lambda: self._send(writer, pace))
            return
        operations = pace.batch()
        expected = pace.sent(operations)
        way = LATENCY / 2 * (1 + self.random.random())
        self._after(way, lambda: self._serve(writer, pace, operations, expected))

    def _serve(self, writer: int, pace: RateController, operations: int, expected: float) -> None:
        self.budget.rate = self.rate(self.now - 1001)
        waits = []
        for _ in range(operations):
            if wait := self.budget.wait_ms(self.now):
                waits.append(math.ceil(wait) / 1000)
            else:
                self.budget.spend(CHARGE)
        written = operations - len(waits)
        by_second = self.served.setdefault(writer, {})
        by_second[int(self.now)] = by_second.get(int(self.now), 0.0) + written * CHARGE
        self.throttled += len(waits)
        self.operations += operations

        def learn() -> None:
            pace.answered(expected, written * CHARGE, written, max(waits, default=None))
            self._send(writer, pace)

        self._after(LATENCY / 2, learn)


def test_a_throttled_range_waits_as_long_as_it_was_told() -> None:
    """The range opens after the time in the 429, and not later."""
    clock = ManualClock()
    pace = RateController(clock)
    assert pace.wait() == 0
    pace.answered(0, 0, 0, 1.5)
    assert pace.wait() == 1.5
    clock.advance(2)
    assert pace.wait() == 0


def test_of_several_waits_the_longest_counts() -> None:
    """An answer that asks for less does not open the range early."""
    pace = RateController(ManualClock())
    pace.answered(0, 0, 0, 3.0)
    pace.answered(0, 0, 0, 1.0)
    assert pace.wait() == 3


def test_the_first_batches_double() -> None:
    """Until the first 429 nothing is known, and a small range is not to be overrun."""
    pace = RateController(ManualClock())
    sizes = []
    for _ in range(5):
        sizes.append(pace.batch())
        pace.answered(pace.sent(sizes[-1]), sizes[-1] * CHARGE, sizes[-1], None)
    assert sizes == [FIRST_OPERATIONS, 32, 64, MAX_OPERATIONS, MAX_OPERATIONS]
    assert pace.wait() == 0


def test_lanes_that_begin_at_once_do_not_overrun_a_range() -> None:
    """They share what may be in flight: one batch at first, and after each success as much again."""
    pace = RateController(ManualClock())
    first = pace.sent(pace.batch())
    assert pace.wait() > 0
    pace.answered(first, FIRST_OPERATIONS * CHARGE, FIRST_OPERATIONS, None)
    assert (pace.wait(), pace.batch()) == (0, 2 * FIRST_OPERATIONS)
    second = pace.sent(20)
    assert (pace.wait(), pace.batch()) == (0, 2 * FIRST_OPERATIONS - 20)
    pace.answered(second, 0.0, 0, None)
    assert pace.batch() == 2 * FIRST_OPERATIONS


def test_no_more_is_in_flight_than_a_partition_can_serve() -> None:
    """However long all has gone well: the first 429 turns back what is in flight."""
    pace = RateController(ManualClock(), window=10**6)
    pace.answered(pace.sent(100), 100 * pace.per_operation, 100, None)
    while not pace.wait():
        pace.sent(pace.batch())
    assert pace.in_flight <= FLIGHT_SECONDS * MOST + pace.per_operation


def test_one_operation_may_always_go() -> None:
    """Also where one costs more than a partition serves in that time, as a document of 2 MB may."""
    pace = RateController(ManualClock(), per_operation=50_000.0)
    assert (pace.wait(), pace.batch()) == (0, 1)
    expected = pace.sent(1)
    assert pace.wait() > 0
    pace.answered(expected, 50_000.0, 1, None)
    assert pace.wait() == 0


def test_one_odd_429_does_not_stop_a_range() -> None:
    """A 429 before anything was served in its second leaves at least a share of the speed."""
    clock = ManualClock()
    pace = RateController(clock)
    pace.answered(0, 4000.0, 700, 0.5)
    clock.advance(5)
    pace.answered(0, 0.0, 0, 0.5)
    assert pace.given == 4000 * LEAST_SHARE


def test_a_range_has_one_pace() -> None:
    """All activities of the process share it; another range or another container has its own."""
    rates = RateControllers(ManualClock())
    rates.get("sales", "1").answered(0, 0, 0, 5.0)
    assert rates.get("sales", "1").wait() == 5
    assert rates.get("sales", "2").wait() == 0
    assert rates.get("other", "1").wait() == 0


@pytest.mark.parametrize("rate", [400, 1000, 2000, 5000, 10_000])
def test_what_a_range_gives_is_used_up_and_little_is_throttled(rate: int) -> None:
    """This holds from the third second on, at every provisioned rate."""
    one = Range(lambda _: rate)
    one.join(0)
    one.run(3)
    one.throttled = one.operations = 0
    one.run(20)
    assert sum(one.used(second) for second in range(3, 22)) / 19 >= 0.99 * rate
    assert one.throttled / one.operations <= 0.05


@pytest.mark.parametrize(("before", "behind"), [(2000, 4000), (4000, 2000), (5000, 10_000), (10_000, 5000), (400, 900)])
def test_a_changed_rate_is_found_within_three_seconds(before: int, behind: int) -> None:
    """A rate that rises is found as fast as one that falls."""
    one = Range(lambda second: before if second < 10 else behind)
    one.join(0)
    one.run(20)
    assert all(one.used(second) >= 0.95 * behind for second in range(13, 19))


@pytest.mark.parametrize("later", [0.0, 5.3])
def test_two_writers_share_a_range(later: float) -> None:
    """Also when one comes later: within seconds each has nearly its half, and together they use all there is."""
    one = Range(lambda _: 2000)
    one.join(0)
    one.join(1, later)
    one.run(24)
    assert sum(one.used(second) for second in range(14, 23)) / 9 >= 0.98 * 2000
    smaller = min(sum(one.used(second, writer) for second in range(14, 23)) for writer in (0, 1))
    assert smaller / 9 >= 0.45 * 2000
