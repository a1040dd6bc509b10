"""Writes staged documents as fast as the database takes them, and stops between two requests at the deadline."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from outlast.cosmos.bulk.bulk_write import BulkWrite, Limits, Sender
from outlast.cosmos.bulk.rate_controller import RateControllers
from outlast.cosmos.bulk.router import Router
from outlast.cosmos.bulk.staged_document import StagedDocument
from outlast.cosmos.bulk.token_bucket import TokenBucket, lane_rate
from outlast.cosmos.bulk.transport import Transport
from outlast.cosmos.bulk.write_progress import Ranges, WriteProgress, numbers_in
from outlast.deadline import Deadline

IN_FLIGHT = 32
"""Requests of the process at once: what they carry is all the memory that the writer takes."""


@dataclass(frozen=True, slots=True)
class Writer:
    """One for the process. `jitter` returns a number from 0 to 1 for the wait after a lost answer."""

    transport: Transport
    clock: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]
    jitter: Callable[[], float]
    rates: RateControllers
    gate: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(IN_FLIGHT))

    async def write(
        self,
        container: str,
        documents: Sequence[StagedDocument],
        deadline: Deadline,
        check: Callable[[], Awaitable[None]],
        ahead: Ranges = (),
        bucket: TokenBucket | None = None,
    ) -> WriteProgress:
        """Upsert the documents, without those that an earlier call has acknowledged `ahead`, within the token bucket.

        `check` is awaited before each request and stops the writing by raising. Raises Permanent where the database
        will refuse every request, Transient when answers stay lost.
        """
        sender = Sender(self.transport, self.sleep, self.jitter, self.gate)
        router = Router(container, documents, _without(len(documents), ahead), self.rates)
        call = BulkWrite(sender, Limits(deadline, check, bucket), router)
        await call.go()
        return call.counts.progress(documents, ahead)

    async def token_bucket(self, container: str, ru_share: float | None, lanes: int) -> TokenBucket | None:
        """What one of the lanes of a run may spend; None: whatever the database gives."""
        if ru_share is None:
            return None
        provisioned = await self.transport.throughput(container) if ru_share <= 1 else 0.0
        return TokenBucket(lane_rate(ru_share, provisioned, lanes), self.clock)


def _without(count: int, ahead: Ranges) -> Sequence[int]:
    """The numbers up to `count` that are in none of the ranges."""
    if not ahead:
        return range(count)
    done = set(numbers_in(ahead))
    return [number for number in range(count) if number not in done]
