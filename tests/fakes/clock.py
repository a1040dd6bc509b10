"""Time that tests move."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class ManualClock:
    """Seconds that pass by `advance` and `sleep`, and by `tick` at each reading, so that a deadline comes while work
    goes on."""

    seconds: float = 1000.0
    tick: float = 0.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        self.seconds += self.tick
        return self.seconds

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)

    def advance(self, seconds: float) -> None:
        self.seconds += seconds

    async def sleep(self, seconds: float) -> None:
        """Let the time pass and the others work."""
        self.slept.append(seconds)
        self.seconds += seconds
        await asyncio.sleep(0)
