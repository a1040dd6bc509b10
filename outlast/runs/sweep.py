"""The timer function `sweep_runs`: finds runs whose record and orchestration disagree, and steps that are pending.

It starts, terminates and records, and does nothing long itself. It may die anywhere and run twice at once: each change
of a record is conditional, an instance id is started once, and whatever is started reads the record first.
"""

import logging
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import azure.functions as func

from outlast.bounded_gather import bounded_gather
from outlast.calls import RunChange
from outlast.cosmos.snapshots.expired import ExpiredGenerations
from outlast.errors import OutlastError
from outlast.models import Failure
from outlast.runs.admission import Admission
from outlast.runs.ids import compensation_id, removal_id
from outlast.runs.instances import AT_WORK, MOVING, InstanceStatus, get_status
from outlast.runs.launcher import Launcher
from outlast.runs.patience import Patience
from outlast.runs.reconcile import STUCK, Decision, decide, reason
from outlast.runs.record import ENDED, RunRecord
from outlast.runs.store import Runs, need
from outlast.runs.transitions import Event, apply
from outlast.telemetry import emit

AT_ONCE = 8


class _Moved(OutlastError):
    """The record has changed since the decision."""


@dataclass(frozen=True, slots=True)
class SweepRuns:
    """Sweeps the runs of one owner. Those of another app or task hub have their orchestrations there."""

    runs: Runs
    launcher: Launcher
    admission: Admission
    expired: ExpiredGenerations
    patience: Patience

    async def sweep_runs(self, timer: func.TimerRequest, client: Any) -> None:
        """Bring every run one step nearer to its end, and have expired generations removed."""
        ends, owner = self.patience.ends(), self.admission.seats.owner
        records = [record for record in await self.runs.open_runs() if record.status.owner == owner]
        await _guarded("the seats", self.admission.tidy(client, records))
        sweep = _Pass(self.runs, self.launcher, client, self.patience, self.patience.seconds(records))
        for report, run in await self.expired.find():
            await _guarded(f"report {report}", sweep.remove(report, run))
        swept = await bounded_gather(AT_ONCE, lambda record: self._one(record, sweep, ends), records)
        if left := swept.count(False):
            logging.getLogger("outlast").warning("sweep_runs: %d of %d runs are left for the next", left, len(swept))

    async def _one(self, record: RunRecord, sweep: "_Pass", ends: datetime) -> bool:
        """Return False where no time is left."""
        if self.patience.now() >= ends:
            return False
        await _guarded(f"run {record.id}", sweep.bring_on(record))
        return True


@dataclass(frozen=True, slots=True)
class _Pass:
    """What one sweep does to a run. `seconds` is its patience."""

    runs: Runs
    launcher: Launcher
    client: Any
    patience: Patience
    seconds: float

    @property
    def _longest(self) -> timedelta:
        return timedelta(seconds=self.seconds)

    async def bring_on(self, record: RunRecord) -> None:
        status = await _status_of(record, self.client)
        decision = decide(record, status, self.patience.time(), self.seconds)
        _tell(record, decision)
        if decision is Decision.START:
            await self.launcher.start_run(self.client, await self._unmoved(record))
        elif decision is Decision.RESTART:
            restarted = await self.runs.change(record.id, lambda found: _restarted(found, record, status))
            await self.launcher.start_run(self.client, restarted)
        elif decision is Decision.WAKE:
            await self.launcher.wake(self.client, record.id)
        elif decision is Decision.TERMINATE:
            await self.client.terminate(record.id, STUCK)
        elif decision is Decision.COMPENSATE:
            await self._compensate(record, reason(record, status))

    async def _unmoved(self, record: RunRecord) -> RunRecord:
        """Read the record again: a run that has ended and was removed since must not be started."""
        found = await need(self.runs, record.id)
        _refuse_moved(found, record)
        return found

    async def _compensate(self, record: RunRecord, text: str) -> None:
        if await self._may_start(compensation_id(record.id, record.status.attempt)):
            failing = await self.runs.change(record.id, lambda found: _failed(found, record, text))
            await self.launcher.start_compensation(self.client, failing)

    async def remove(self, report: str, run: str) -> None:
        if await self._may_start(removal_id(run)):
            await self.launcher.start_removal(self.client, report, run)

    async def _may_start(self, instance_id: str) -> bool:
        """False while the instance is at work. One that does not move is terminated; the next sweep starts it."""
        found = await get_status(self.client, instance_id)
        if found.status in MOVING and found.moved and self.patience.time() - found.moved > self._longest:
            await self.client.terminate(instance_id, STUCK)
        return found.status not in AT_WORK


async def _guarded(what: str, work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except _Moved:
        return
    except Exception as error:  # noqa: BLE001  # one run must not keep the sweep from the others
        logging.getLogger("outlast").error("sweep_runs: %s: %s", what, error)


async def _status_of(record: RunRecord, client: Any) -> InstanceStatus:
    """The record of a run that has ended says everything, so its instance is not asked for."""
    status = record.status
    if status.state in ENDED:
        return InstanceStatus(None)
    others = [compensation_id(record.id, status.attempt)] if status.state == "failing" else []
    return await get_status(client, record.id, others)


def _tell(record: RunRecord, decision: Decision) -> None:
    if decision is not Decision.LEAVE:
        who = {"run": record.id, "report": record.request.report, "attempt": record.status.attempt}
        emit("sweep_decided", **who, state=record.status.state, decision=decision.name.lower())


def _restarted(found: RunRecord, decided: RunRecord, status: InstanceStatus) -> RunRecord:
    _refuse_moved(found, decided)
    text = f"its orchestration is {status.status}: {status.text}"
    return apply(found, RunChange(found.id, found.status.attempt, Event.RESTART, reason=text))


def _failed(found: RunRecord, decided: RunRecord, text: str) -> RunRecord:
    """The record says why the run fails before its compensation starts. A failure that it has stays."""
    _refuse_moved(found, decided)
    failure = Failure("import_report", None, text).to_dict()
    return apply(found, RunChange(found.id, found.status.attempt, Event.FAIL, failure=failure))


def _refuse_moved(found: RunRecord, decided: RunRecord) -> None:
    if (found.status.attempt, found.status.state) != (decided.status.attempt, decided.status.state):
        raise _Moved
