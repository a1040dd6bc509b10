"""Writes staged documents as fast as the database takes them, and stops between two requests at the deadline."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from outlast.cosmos.bulk.bulk_write import BulkWrite
from outlast.cosmos.bulk.rate_controller import RateControllers
from outlast.cosmos.bulk.staged_document import StagedDocument
from outlast.cosmos.bulk.token_bucket import TokenBucket, lane_rate
from outlast.cosmos.bulk.transport import Transport
from outlast.cosmos.bulk.write_progress import NumberRanges, ProgressRecorder, WriteProgress
from outlast.deadline import Deadline

IN_FLIGHT = 32
"""Requests of the process at once: what they carry is all the memory that the writer takes."""


@dataclass(frozen=True, slots=True)
class Writer:
    """One for the process. `jitter` gives a number from 0 to 1 for the wait after a lost answer."""

    transport: Transport
    clock: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]
    jitter: Callable[[], float]
    controllers: RateControllers
    gate: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(IN_FLIGHT))

    async def write(
        self,
        container: str,
        documents: Sequence[StagedDocument],
        deadline: Deadline,
        check: Callable[[], Awaitable[None]],
        ahead: NumberRanges = (),
        bucket: TokenBucket | None = None,
    ) -> WriteProgress:
        """Upsert the documents, but for those that an earlier call has acknowledged `ahead`.

        `check` is awaited before each request and stops the write by raising. `bucket` limits the request units. Raises
        Permanent when the database will refuse every request, Transient when answers stay lost.
        """
        recorder = ProgressRecorder(documents, ahead)
        await BulkWrite(self, container, documents, deadline, check, recorder, bucket).run()
        return recorder.progress()

    async def token_bucket(self, container: str, ru_share: float | None, lanes: int) -> TokenBucket | None:
        """Return the token bucket of one lane of a run; None means no limit but the database's."""
        if ru_share is None:
            return None
        provisioned = await self.transport.throughput(container) if ru_share <= 1 else 0.0
        return TokenBucket(lane_rate(ru_share, provisioned, lanes), self.clock)
