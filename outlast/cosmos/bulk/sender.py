"""Sends one request and accounts for what it costs."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from outlast.cosmos.bulk.limits import Limits
from outlast.cosmos.bulk.rate_controller import RateController
from outlast.cosmos.bulk.staged_document import StagedDocument
from outlast.cosmos.bulk.transport import CONNECTION_LOST, WRITTEN, Result, Target, Transport
from outlast.cosmos.bulk.write_progress import ProgressRecorder

Form = Callable[[StagedDocument], StagedDocument]
"""What is sent of a staged document."""


class BatchSender(Protocol):
    async def send(self, controller: RateController, target: Target, batch: Sequence[int]) -> list[Result]:
        """Return a result for each document of the batch."""
        ...


def _as_staged(document: StagedDocument) -> StagedDocument:
    return document


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Charges each request to the rate controller, to the token bucket and to the totals of the call."""

    container: str
    transport: Transport
    limits: Limits
    recorder: ProgressRecorder

    async def send(
        self, controller: RateController, target: Target, batch: Sequence[int], form: Form = _as_staged
    ) -> list[Result]:
        """Return a result for each document of the batch."""
        expected = controller.sent(len(batch))
        self._spend(expected)
        try:
            results = await self._results(target, [form(self.recorder.documents[number]) for number in batch])
        except BaseException:  # cancelled: others share the controller, so it must not wait for this answer
            controller.answered(expected, 0.0, 0, None)
            raise
        charge = sum([result.charge for result in results])
        waits = [result.retry_after for result in results if result.status == 429]
        written = sum([result.status in WRITTEN for result in results])
        self._spend(charge - expected)
        controller.answered(expected, charge, written, max(waits) if waits else None)
        self.recorder.count(charge, len(waits))
        return results

    async def _results(self, target: Target, documents: Sequence[StagedDocument]) -> list[Result]:
        """Count an answer that comes too late as lost, because the activity must end."""
        deadline = self.limits.deadline
        try:
            async with asyncio.timeout(deadline.remaining() + deadline.grace):
                return await self.transport.send(self.container, target, documents)
        except TimeoutError:
            return [Result(CONNECTION_LOST, message="no answer in time")] * len(documents)

    def _spend(self, units: float) -> None:
        if self.limits.bucket:
            self.limits.bucket.spend(units)
