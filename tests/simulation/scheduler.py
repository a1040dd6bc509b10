"""A seeded choice of which waiting task goes on next, and an injected clock that moves when no task can."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from outlast.errors import Transient

START = datetime(2026, 1, 1, tzinfo=UTC)
OUTAGE = timedelta(minutes=30)


SLOW: ContextVar[float] = ContextVar("SLOW", default=0.0)
"""The most seconds for which the current task may wait at a boundary."""


@dataclass(slots=True)
class Scheduler:
    """Tasks wait at each boundary (`meet`) until they are chosen. `kill_at` is the number of the boundary at which the
    host dies, `kills` the chance at any boundary. `forget` returns whether the answer to the write with that number is
    lost."""

    seed: int
    kills: float = 0.0
    kill_at: int | None = None
    forget: Callable[[int], bool] = lambda number: False
    outages: Mapping[str, int] = field(default_factory=dict)
    """The boundary, by number, from which each of these places gives no answer for OUTAGE."""
    gone: dict[str, datetime] = field(default_factory=dict)
    now: datetime = START
    passed: int = 0
    written: int = 0
    trace: list[str] = field(default_factory=list)
    fired: Counter[str] = field(default_factory=Counter)
    dice: random.Random = field(init=False)
    waiting: list[tuple[str, asyncio.Future[None]]] = field(default_factory=list)
    sleeping: list[tuple[datetime, asyncio.Future[None]]] = field(default_factory=list)
    tasks: dict[asyncio.Task[Any], None] = field(default_factory=dict)
    """In the order in which they were begun: the order of a set depends on addresses in memory."""

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)

    def clock(self) -> float:
        return (self.now - START).total_seconds()

    def utc(self) -> datetime:
        return self.now

    def chance(self, name: str, probability: float) -> bool:
        """Return whether a fault strikes, and count it."""
        strikes = self.dice.random() < probability
        self.fired[name] += strikes
        return strikes

    def forgets(self) -> bool:
        """Return whether the answer to the write that was just done is lost. It is called once for each write."""
        self.written += 1
        lost = self.forget(self.written - 1)
        self.fired["write's answer lost"] += lost
        return lost

    def reach(self, *places: str) -> None:
        """Raise Transient while one of these places gives no answer."""
        for place, begins in self.outages.items():
            if self.passed >= begins:
                self.gone.setdefault(place, self.now)
        for place in places:
            if place in self.gone and self.now < self.gone[place] + OUTAGE:
                self.fired[f"{place} is gone"] += 1
                raise Transient(f"the {place} gives no answer")

    async def meet(self, name: str) -> None:
        """Wait at a boundary until this task is chosen. A slow task also lets time pass there, now and then."""
        if (longest := SLOW.get()) and self.chance("slow", 0.7):
            await self.sleep(self.dice.uniform(0, longest))
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting.append((name, turn))
        await turn

    async def sleep(self, seconds: float) -> None:
        wake: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.sleeping.append((self.now + timedelta(seconds=max(0.0, seconds)), wake))
        await wake

    def spawn(self, work: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
        task = asyncio.get_running_loop().create_task(work)
        self.tasks[task] = None
        return task

    async def settle(self) -> None:
        """Let all tasks go on until each waits at a boundary."""
        loop: Any = asyncio.get_running_loop()
        await asyncio.sleep(0)
        while loop._ready:  # noqa: ASYNC110  # the loop itself is what is waited for
            await asyncio.sleep(0)
        for task in [task for task in self.tasks if task.done()]:
            del self.tasks[task]
            if not task.cancelled() and (error := task.exception()) is not None:
                raise error

    def choose(self) -> bool:
        """Let one task go on; return False if no task waits."""
        self.waiting = [(name, turn) for name, turn in self.waiting if not turn.done()]
        if not self.waiting:
            return False
        name, turn = self.waiting.pop(self.dice.randrange(len(self.waiting)))
        self.passed += 1
        self.trace.append(name)
        turn.set_result(None)
        return True

    def dies(self) -> bool:
        """Return whether the host dies at this boundary."""
        if self.kill_at is not None:
            return self.passed == self.kill_at
        return self.chance("host killed", self.kills)

    async def drop(self) -> None:
        """Cancel everything under way, as it is lost with its process."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        self.tasks.clear()
        self.waiting.clear()
        self.sleeping.clear()

    def advance(self, until: datetime) -> None:
        """Move the time to the first sleeper that is due, at most to that instant."""
        self.sleeping = [(due, wake) for due, wake in self.sleeping if not wake.done()]
        self.now = max(self.now, min([until, *(due for due, _ in self.sleeping)]))
        for due, wake in self.sleeping:
            if due <= self.now:
                wake.set_result(None)
