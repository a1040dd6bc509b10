"""A clock that tests move."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

START = datetime(2026, 1, 1, tzinfo=UTC)
TURNS = 10
"""Turns of the event loop in which every task that can work goes on before the time moves."""


@dataclass(slots=True)
class ManualClock:
    """Seconds that pass by `advance` and `sleep`, and by `tick` at each reading, so that a deadline comes during the
    work."""

    seconds: float = 1000.0
    tick: float = 0.0
    slept: list[float] = field(default_factory=list)
    _due: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        self.seconds += self.tick
        return self.seconds

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)

    def advance(self, seconds: float) -> None:
        self.seconds += seconds

    async def sleep(self, seconds: float) -> None:
        """Let the other tasks work. When all of them sleep, the time moves on to the first that is due."""
        self.slept.append(seconds)
        due = self.seconds + seconds
        self._due.append(due)
        while self.seconds < due:
            for _ in range(TURNS):
                await asyncio.sleep(0)
            if due == min(self._due):
                self.seconds = max(self.seconds, due)
        self._due.remove(due)
