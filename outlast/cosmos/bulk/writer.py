"""Writes staged documents as fast as the database takes them, and stops between two requests at the deadline."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from outlast.cosmos.bulk.back_off import BackOff
from outlast.cosmos.bulk.batch_writer import BatchWriter
from outlast.cosmos.bulk.bulk_write import BulkWrite
from outlast.cosmos.bulk.creation_sender import CreationSender
from outlast.cosmos.bulk.limits import Limits, Stop
from outlast.cosmos.bulk.rate_controller import RateControllers
from outlast.cosmos.bulk.routing import RouteFinder, Router
from outlast.cosmos.bulk.sender import BatchSender, Sender
from outlast.cosmos.bulk.staged_document import Creation, StagedDocument
from outlast.cosmos.bulk.throttle import LONGEST_REST, Throttle
from outlast.cosmos.bulk.token_bucket import TokenBucket, lane_rate
from outlast.cosmos.bulk.transport import Transport
from outlast.cosmos.bulk.write_progress import NumberRanges, ProgressRecorder, WriteProgress
from outlast.errors import Permanent

IN_FLIGHT = 32
"""Requests of the process at once. What they carry is all the memory that the writer takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """A process has one. `jitter` returns a number from 0 to 1, for the wait after a lost answer."""

    transport: Transport
    clock: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]
    jitter: Callable[[], float]
    controllers: RateControllers
    gate: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(IN_FLIGHT), init=False)

    async def write(
        self,
        container: str,
        documents: Sequence[StagedDocument],
        limits: Limits,
        ahead: NumberRanges = (),
        *,
        sent_before: bool = False,
        since: float = 0.0,
    ) -> WriteProgress:
        """Do with the documents what they are staged for, but for those that an earlier call has acknowledged `ahead`.

        With `sent_before` no document counts as replaced or unchanged, because an earlier call may have written any of
        them. A creation that exists is the run's own when it has the same content and was written `since` this time,
        in seconds since the epoch.

        Raises Permanent when the database will refuse every request, Transient when answers stay lost, and what
        `limits.check` raises. An error that may pass is the `fault` of the progress when documents are acknowledged.
        """
        recorder, fault = ProgressRecorder(documents, ahead, sent_before), None
        work = self._bulk_write(container, limits, recorder, since)
        try:
            await work.run()
        except Permanent:
            raise
        except Exception as error:
            if not recorder.results:
                raise
            fault = error
        wait = work.stop.wait or await self._make_up(limits)
        return replace(recorder.progress(), fault=fault, wait=wait)

    async def _make_up(self, limits: Limits) -> float:
        """Wait until the bucket is not overdrawn, because the next call begins with another one. Return the seconds
        where these are too many for this call."""
        wait = limits.wait()
        if wait > min(LONGEST_REST, limits.deadline.remaining()):
            return wait
        if wait:
            await self.sleep(wait)
        return 0.0

    async def token_bucket(self, container: str, ru_share: float | None, lanes: int) -> TokenBucket | None:
        """Return the token bucket of one lane of a run; None means no limit but the database's."""
        if ru_share is None:
            return None
        provisioned = await self.transport.throughput(container) if ru_share <= 1 else 0.0
        return TokenBucket(lane_rate(ru_share, provisioned, lanes), self.clock)

    def _bulk_write(self, container: str, limits: Limits, recorder: ProgressRecorder, since: float) -> BulkWrite:
        stop = Stop(limits.deadline)
        back_off = BackOff(container=container, deadline=limits.deadline, sleep=self.sleep, jitter=self.jitter)
        finder = RouteFinder(container=container, transport=self.transport, back_off=back_off, stop=stop)
        sender = Sender(container=container, transport=self.transport, limits=limits, recorder=recorder)
        creates = isinstance(next(iter(recorder.documents), None), Creation)
        chosen: BatchSender = CreationSender(sender=sender, since=since) if creates else sender
        return BulkWrite(
            router=Router(
                documents=recorder.documents,
                pending=recorder.pending(),
                finder=finder,
                controller_for=partial(self.controllers.get, container),
            ),
            throttle=Throttle(limits=limits, stop=stop, sleep=self.sleep),
            batches=BatchWriter(container=container, sender=chosen, recorder=recorder, gate=self.gate, stop=stop),
            back_off=back_off,
            stop=stop,
        )
