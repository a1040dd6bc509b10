"""Fires durable timers at their time."""

import asyncio
import heapq
from collections.abc import Callable, Iterable
from typing import Any

from local.host.clock import Clock
from local.host.storage.store import DueTimer


class DueTimers:
    """The timers of a task hub, ordered by their time. The database keeps them; this is a copy."""

    def __init__(self, clock: Clock, fire: Callable[[DueTimer], None]) -> None:
        self._clock = clock
        self._fire = fire
        self._timers: list[tuple[float, str, int, DueTimer]] = []
        self._added = asyncio.Event()

    def add(self, timers: Iterable[DueTimer]) -> None:
        """Add timers that were set."""
        for timer in timers:
            heapq.heappush(self._timers, (timer.due, timer.instance, timer.task, timer))
            self._added.set()

    async def watch(self) -> None:
        """Fire each timer when it is due. Runs until it is cancelled."""
        while True:
            self._added.clear()
            now = self._clock.now().timestamp()
            while self._timers and self._timers[0][0] <= now:
                self._fire(heapq.heappop(self._timers)[-1])
            await self._until(self._timers[0][0] - now if self._timers else None)

    async def _until(self, seconds: float | None) -> None:
        """Wait until the next timer is due, or until an earlier one is added."""
        added = asyncio.create_task(self._added.wait())
        waits: set[asyncio.Task[Any]] = {added}
        if seconds is not None:
            waits.add(asyncio.create_task(self._clock.sleep(seconds)))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
