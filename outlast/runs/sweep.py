"""The timer function `sweep_runs`: finds runs whose record and orchestration disagree, and steps that are pending.

It starts, terminates and records, and does nothing long itself. It may die anywhere and run twice at once: each change
of a record is conditional, an instance id is started once, and whatever is started reads the record first.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import azure.functions as func

from outlast.cosmos.snapshots.expired import ExpiredGenerations
from outlast.deadline import SHARE
from outlast.errors import OutlastError
from outlast.models import Failure, RunChange
from outlast.runs.ids import compensation_id, removal_id
from outlast.runs.instances import AT_WORK, MOVING, InstanceStatus, get_status
from outlast.runs.launcher import Launcher
from outlast.runs.reconcile import STUCK, Decision, decide, reason
from outlast.runs.record import ENDED, RunRecord
from outlast.runs.store import Runs
from outlast.runs.transitions import Event, apply

AT_ONCE = 8


class _Moved(OutlastError):
    """The record has changed since the decision."""


@dataclass(frozen=True, slots=True)
class SweepRuns:
    """`timeout` is functionTimeout in seconds."""

    runs: Runs
    launcher: Launcher
    expired: ExpiredGenerations
    now: Callable[[], datetime]
    timeout: float

    @property
    def patience(self) -> float:
        """Seconds. An activity surfaces within its timeout and some seconds, its retry waits, and after a crash of the
        host its message reappears after 5 minutes."""
        return 2 * self.timeout + 600

    async def sweep_runs(self, timer: func.TimerRequest, client: Any) -> None:
        """Bring every run one step nearer to its end, and have expired generations removed."""
        for report, run in await self.expired.find():
            await self._guarded(f"report {report}", self._remove(client, report, run))
        gate, ends = asyncio.Semaphore(AT_ONCE), self.now() + timedelta(seconds=SHARE * self.timeout)
        records = await self.runs.open_runs()
        swept = await asyncio.gather(*(self._one(record, client, gate, ends) for record in records))
        if left := swept.count(False):
            logging.getLogger("outlast").warning("sweep_runs: %d of %d runs are left for the next", left, len(swept))

    async def _one(self, record: RunRecord, client: Any, gate: asyncio.Semaphore, ends: datetime) -> bool:
        """Return False where no time is left. A timeout would take the worker and all that it does beside."""
        async with gate:
            if self.now() >= ends:
                return False
            await self._guarded(f"run {record.id}", self._sweep(record, client))
            return True

    async def _guarded(self, what: str, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except _Moved:
            return
        except Exception as error:  # noqa: BLE001  # one run must not keep the sweep from the others
            logging.getLogger("outlast").error("sweep_runs: %s: %s", what, error)

    async def _sweep(self, record: RunRecord, client: Any) -> None:
        status = await _status_of(record, client)
        decision = decide(record, status, self.now().astimezone(UTC), self.patience)
        if decision is Decision.START:
            await self.launcher.start_run(client, record)
        elif decision is Decision.RESTART:
            restarted = await self.runs.change(record.id, lambda found: _restarted(found, record))
            await self.launcher.start_run(client, restarted)
        elif decision is Decision.TERMINATE:
            await client.terminate(record.id, STUCK)
        elif decision is Decision.COMPENSATE:
            await self._compensate(client, record, reason(record, status))

    async def _compensate(self, client: Any, record: RunRecord, text: str) -> None:
        if await self._may_start(client, compensation_id(record.id, record.status.attempt)):
            failure = record.result.failure or Failure("import_report", None, text).to_dict()
            await self.launcher.start_compensation(client, record, failure)

    async def _remove(self, client: Any, report: str, run: str) -> None:
        if await self._may_start(client, removal_id(run)):
            await self.launcher.start_removal(client, report, run)

    async def _may_start(self, client: Any, instance_id: str) -> bool:
        """False while the instance is at work. One that does not move is terminated; the next sweep starts it."""
        found = await get_status(client, instance_id)
        if found.status in MOVING and found.moved and self.now() - found.moved > timedelta(seconds=self.patience):
            await client.terminate(instance_id, STUCK)
        return found.status not in AT_WORK


async def _status_of(record: RunRecord, client: Any) -> InstanceStatus:
    """The record of a run that has ended says everything, so its instance is not asked for."""
    status = record.status
    if status.state in ENDED:
        return InstanceStatus(None)
    others = [compensation_id(record.id, status.attempt)] if status.state == "failing" else []
    return await get_status(client, record.id, others)


def _restarted(found: RunRecord, decided: RunRecord) -> RunRecord:
    if (found.status.attempt, found.status.state) != (decided.status.attempt, decided.status.state):
        raise _Moved
    return apply(found, RunChange(found.id, found.status.attempt, Event.RESTART))
