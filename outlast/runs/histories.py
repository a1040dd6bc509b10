"""Purges the orchestration histories of a run that has ended."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from typing import Any

from outlast.deadline import Deadline
from outlast.errors import OutlastError, Transient
from outlast.models import MOST_LANES, MOST_WAVES
from outlast.runs.ids import compensation_id, lane_id, removal_id, wave_id
from outlast.runs.instances import AT_WORK, get_status
from outlast.runs.record import RunRecord
from outlast.runs.transitions import Event

PHASES = (Event.GENERATE, Event.COMBINE, Event.RESOLVE, Event.STORE, Event.DELETE, Event.VERIFY)


class StillAtWork(OutlastError):
    """The record says that the run has ended, but an orchestration of it has not."""


@dataclass(frozen=True, slots=True)
class Histories:
    """The orchestrations of one run. `client` is the Durable client of the caller."""

    client: Any
    record: RunRecord

    async def refuse_at_work(self) -> None:
        """Raise StillAtWork while the run, a compensation or a removal is at work."""
        for instance_id in self._without_waves():
            with _asked(instance_id):
                found = await get_status(self.client, instance_id)
            if found.status in AT_WORK:
                raise StillAtWork(f"the orchestration {instance_id} is {found.status}; repeat when it has ended")

    async def purge(self, deadline: Deadline) -> bool:
        """Purge every history; return False where time was up before. What is purged already costs one look."""
        for attempt, phase in product(self._attempts(), PHASES):
            if deadline.passed():
                return False
            await self._purge_waves([wave_id(self.record.id, attempt, phase, n) for n in range(MOST_WAVES)])
        await self._purge(self._without_waves())
        return True

    def _attempts(self) -> range:
        return range(1, self.record.status.attempt + 1)

    def _without_waves(self) -> list[str]:
        run = self.record.id
        return [*(compensation_id(run, attempt) for attempt in self._attempts()), removal_id(run), run]

    async def _purge_waves(self, waves: list[str]) -> None:
        """A wave is purged after its lanes, so that a purge that dies finds them again."""
        with _asked(waves[0]):
            found = await asyncio.gather(*(self.client.get_status(wave) for wave in waves))
        for wave, status in zip(waves, found, strict=True):
            if status:
                await self._purge([lane_id(wave, number) for number in range(MOST_LANES)])
                await self._purge([wave])

    async def _purge(self, instance_ids: list[str]) -> None:
        with _asked(instance_ids[-1]):
            await asyncio.gather(*(self.client.purge_instance_history(one) for one in instance_ids))


@contextmanager
def _asked(instance_id: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # the SDK raises nothing narrower
        raise Transient(f"the history of {instance_id} could not be removed yet: {error}") from error
