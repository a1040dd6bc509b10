"""Writes one batch and sorts its results: acknowledged, or to be sent again."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from outlast.cosmos.bulk.limits import Stop
from outlast.cosmos.bulk.outcome import Next, classify, is_stale, may_be_of_another, may_be_written
from outlast.cosmos.bulk.rate_controller import RateController
from outlast.cosmos.bulk.sender import BatchSender
from outlast.cosmos.bulk.transport import WRITTEN, Result, Target
from outlast.cosmos.bulk.write_progress import ProgressRecorder


class Remainder(NamedTuple):
    """What is left of a batch."""

    again: list[int]
    """Numbers of the documents to send again."""
    fault: Result | None
    """A result that asks to wait before that. A stale route comes before other faults."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchWriter:
    """`gate` limits the requests of the process that are in flight."""

    container: str
    sender: BatchSender
    recorder: ProgressRecorder
    gate: asyncio.Semaphore
    stop: Stop

    async def write(self, controller: RateController, target: Target, batch: list[int]) -> Remainder:
        async with self.gate:
            if self.stop.reached():
                return Remainder(batch, None)
            results = await self.sender.send(controller, target, batch)
        if all(result.status in WRITTEN for result in results):
            self.recorder.acknowledge(batch, results)
            return Remainder([], None)
        outcomes = [classify(result, self.container) for result in results]
        if len(batch) > 1 and all(may_be_of_another(result) for result in results):
            return await self._divide(controller, target, batch)
        return self._sort(batch, results, outcomes)

    def _sort(self, batch: Sequence[int], results: Sequence[Result], outcomes: Sequence[Next]) -> Remainder:
        again, fault = [], None
        for number, result, outcome in zip(batch, results, outcomes, strict=True):
            if outcome is Next.WRITTEN or outcome is Next.REFUSE:
                self.recorder.acknowledge([number], [result])
                continue
            again.append(number)
            if may_be_written(result):
                self.recorder.unsure.add(number)
            if outcome is Next.LOST and (fault is None or is_stale(result)):
                fault = result
        if all(outcome is Next.AGAIN for outcome in outcomes):
            fault = results[0]
        return Remainder(again, fault)

    async def _divide(self, controller: RateController, target: Target, batch: list[int]) -> Remainder:
        """Write each half alone, to find the one document for which the whole request may have been refused."""
        middle = len(batch) // 2
        again, fault = [], None
        for half in (batch[:middle], batch[middle:]):
            if self.stop.reached():
                again += half
                continue
            rest = await self.write(controller, target, half)
            again, fault = again + rest.again, rest.fault or fault
        return Remainder(again, fault)
