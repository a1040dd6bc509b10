"""Who goes on next: a seeded choice among all that wait, and an injected clock that moves when nobody does."""

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
"""For how many seconds at most whoever works here may stand still at a boundary."""


@dataclass(slots=True)
class Scheduler:
    """Work stands still at each boundary (`meet`) until it is chosen. `kill_at`: the boundary, by number, at which the
    host dies; `kills`: the chance at any. `forget`: of which writes, by number, the answer is lost."""

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
    tasks: set[asyncio.Task[Any]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)

    def clock(self) -> float:
        return (self.now - START).total_seconds()

    def utc(self) -> datetime:
        return self.now

    def chance(self, name: str, probability: float) -> bool:
        """Whether a fault strikes; how often each did is counted."""
        strikes = self.dice.random() < probability
        self.fired[name] += strikes
        return strikes

    def forgets(self) -> bool:
        """Whether the answer to a write that was just done is lost; each is asked about once."""
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
        """Stand at a boundary until it is one's turn; who is slow also lets time pass there, now and then."""
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
        self.tasks.add(task)
        return task

    async def settle(self) -> None:
        """Let everybody go on until all stand at a boundary."""
        loop: Any = asyncio.get_running_loop()
        await asyncio.sleep(0)
        while loop._ready:  # noqa: ASYNC110  # the loop itself is what is waited for
            await asyncio.sleep(0)
        for task in [task for task in self.tasks if task.done()]:
            self.tasks.discard(task)
            if not task.cancelled() and (error := task.exception()) is not None:
                raise error

    def choose(self) -> bool:
        """Let one go on; False when nobody waits."""
        self.waiting = [(name, turn) for name, turn in self.waiting if not turn.done()]
        if not self.waiting:
            return False
        name, turn = self.waiting.pop(self.dice.randrange(len(self.waiting)))
        self.passed += 1
        self.trace.append(name)
        turn.set_result(None)
        return True

    def dies(self) -> bool:
        """Whether the host dies at this boundary."""
        if self.kill_at is not None:
            return self.passed == self.kill_at
        return self.chance("host killed", self.kills)

    async def drop(self) -> None:
        """Everything under way is lost with its process."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        self.tasks.clear()
        self.waiting.clear()
        self.sleeping.clear()

    def advance(self, until: datetime) -> None:
        """Time passes to the first who wakes, at most to that instant."""
        self.sleeping = [(due, wake) for due, wake in self.sleeping if not wake.done()]
        self.now = max(self.now, min([until, *(due for due, _ in self.sleeping)]))
        for due, wake in self.sleeping:
            if due <= self.now:
                wake.set_result(None)
