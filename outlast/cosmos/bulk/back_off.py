"""How long to wait after a lost answer, and when to give up."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from outlast.cosmos.bulk.transport import Result
from outlast.deadline import Deadline
from outlast.errors import Transient

ATTEMPTS = 6
"""Answers lost one after another (408, 449, 5xx, no connection) before the call fails and its activity is retried."""
FIRST_SECONDS = 0.2
"""The first wait, without jitter. Each later one is twice as long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackOff:
    """`jitter` returns a number from 0 to 1; a wait is multiplied by that number plus a half."""

    container: str
    deadline: Deadline
    sleep: Callable[[float], Awaitable[None]]
    jitter: Callable[[], float]

    async def wait(self, lost: int, fault: Result) -> None:
        """Wait after the `lost`th lost answer in a row, until the deadline at most. Raises Transient after ATTEMPTS."""
        if lost >= ATTEMPTS:
            raise Transient(f"the database answered {fault.status} {lost} times for {self.container}: {fault.message}")
        seconds = FIRST_SECONDS * 2 ** (lost - 1) * (0.5 + self.jitter())
        await self.sleep(min(seconds, self.deadline.remaining()))
