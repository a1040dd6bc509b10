"""A partition of the emulator in simulated time, for tests of how fast writers send to it."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count
from random import Random

from local.cosmos.budget import Budget
from outlast.cosmos.bulk.rate_controller import RateController

CHARGE = 5.71
WORKERS = 4
LATENCY = 0.005
"""Seconds of a round trip, without jitter."""


@dataclass(slots=True)
class Range:
    """A partition of the emulator in simulated time. Writers send to it as fast as their controllers allow."""

    rate: Callable[[float], float]
    now: float = 1000.37
    budget: Budget = field(default_factory=lambda: Budget(0))
    served: dict[int, dict[int, float]] = field(default_factory=dict)
    throttled: int = 0
    operations: int = 0
    sends: int = 0
    dead: set[int] = field(default_factory=set)
    random: Random = field(default_factory=lambda: Random(1))
    _due: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _turns: Iterator[int] = field(default_factory=count)

    def join(self, writer: int, at: float = 0.0, controller: RateController | None = None) -> None:
        """Let a writer begin `at` seconds from now, with a controller of its own unless one is given."""
        own = controller or RateController(lambda: self.now)
        for _ in range(WORKERS):
            self._after(at, lambda: self._send(writer, own))

    def kill(self, writer: int, at: float) -> None:
        """Let a writer end `at` seconds from now: it learns nothing of what it has sent."""
        self._after(at, lambda: self.dead.add(writer))

    def run(self, seconds: float) -> None:
        ends = self.now + seconds
        while self._due[0][0] < ends:
            self.now, _, work = heappop(self._due)
            work()

    def used(self, second: int, writer: int | None = None) -> float:
        """Request units served in one second, counted from the first whole second; of one writer or of all."""
        of = self.served if writer is None else {writer: self.served[writer]}
        return sum(by_second.get(1001 + second, 0.0) for by_second in of.values())

    def _after(self, seconds: float, work: Callable[[], None]) -> None:
        heappush(self._due, (self.now + seconds, next(self._turns), work))

    def _send(self, writer: int, controller: RateController) -> None:
        if writer in self.dead:
            return
        if wait := controller.wait():
            self._after(wait + self.random.random() * 0.002, lambda: self._send(writer, controller))
            return
        operations = controller.batch()
        expected = controller.sent(operations)
        way = LATENCY / 2 * (1 + self.random.random())
        self._after(way, lambda: self._serve(writer, controller, operations, expected))

    def _serve(self, writer: int, controller: RateController, operations: int, expected: float) -> None:
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
        self.sends += 1

        def learn() -> None:
            if writer in self.dead:
                return
            controller.answered(expected, written * CHARGE, written, max(waits, default=None))
            self._send(writer, controller)

        self._after(LATENCY / 2, learn)
