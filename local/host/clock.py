"""The host reads the time only here, so that tests can move it."""

import asyncio
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Wall time for histories and timers, and a way to wait."""

    def now(self) -> datetime:
        """The current time in UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait until that much of this clock's time has passed."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The current time in UTC."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Wait for that many seconds."""
        await asyncio.sleep(seconds)
