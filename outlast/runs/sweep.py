"""The timer function `sweep_runs`: looks for runs whose record and orchestration disagree, and for what is pending.

It starts, terminates and records, and does nothing long itself. It may die anywhere and run twice at once: each change
of a record is conditional, an instance id is started once, and whoever is started asks the record first.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import azure.functions as func

from outlast.cosmos.snapshots.header import Snapshots
from outlast.deadline import SHARE
from outlast.errors import OutlastError
from outlast.models import Failure
from outlast.report import Report
from outlast.runs.reconcile import MOVING, STUCK, Decision, InstanceStatus, decide, reason
from outlast.runs.record import ENDED, RunRecord
from outlast.runs.store import Runs

AT_ONCE = 8
AT_WORK = (*MOVING, "Suspended")


class _Moved(OutlastError):
    """The record has changed since the decision."""


@dataclass(frozen=True, slots=True)
class SweepRuns:
    """`timeout` is functionTimeout in seconds; `grace` are those for which a replaced generation stays."""

    runs: Runs
    now: Callable[[], datetime]
    timeout: float
    reports: Mapping[str, Report[Any]]
    snapshots: Snapshots
    grace: float

    @property
    def patience(self) -> float:
        """An activity surfaces within its timeout and some seconds; its retry waits, and after a crash of the host its
        message reappears after 5 minutes."""
        return 2 * self.timeout + 600

    async def sweep_runs(self, timer: func.TimerRequest, client: Any) -> None:
        """Bring every run one step nearer to its end, and have generations removed whose time is over."""
        await asyncio.gather(*(self._retire(report, client) for report in self.reports.values()))
        gate, ends = asyncio.Semaphore(AT_ONCE), self.now() + timedelta(seconds=SHARE * self.timeout)
        records = await self.runs.open_runs()
        seen = await asyncio.gather(*(self._one(record, client, gate, ends) for record in records))
        if left := seen.count(False):
            logging.getLogger("outlast").warning("sweep_runs: %d of %d runs are left for the next", left, len(seen))

    async def _retire(self, report: Report[Any], client: Any) -> None:
        try:
            header = await self.snapshots.header(report) if report.mode == "snapshot" else None
            for generation in header.previous if header else ():
                replaced = datetime.fromisoformat(generation.replaced or generation.accepted)
                if self.now() - replaced >= timedelta(seconds=self.grace):
                    await self._remove(client, report.name, generation.run)
        except Exception as error:  # noqa: BLE001  # one report must not keep the sweep from the runs
            logging.getLogger("outlast").error("sweep_runs: report %s: %s", report.name, error)

    async def _one(self, record: RunRecord, client: Any, gate: asyncio.Semaphore, ends: datetime) -> bool:
        """Tell whether there was time for it: a timeout would take the worker, and all that it does beside."""
        async with gate:
            if self.now() >= ends:
                return False
            try:
                await self._sweep(record, client)
            except _Moved:
                return True
            except Exception as error:  # noqa: BLE001  # one run must not keep the sweep from the others
                logging.getLogger("outlast").error("sweep_runs: run %s: %s", record.id, error)
            return True

    async def _sweep(self, record: RunRecord, client: Any) -> None:
        seen = await _seen(record, client)
        todo = decide(record, seen, self.now().astimezone(UTC), self.patience)
        if todo is Decision.START:
            await start(client, record)
        elif todo is Decision.AGAIN:
            await start(client, await self.runs.change(record.id, lambda found: _next_attempt(found, record)))
        elif todo is Decision.TERMINATE:
            await client.terminate(record.id, STUCK)
        elif todo is Decision.COMPENSATE:
            await self._compensate(client, record, reason(record, seen))

    async def _compensate(self, client: Any, record: RunRecord, text: str) -> None:
        instance_id = compensation_id(record)
        if await self._may_start(client, instance_id):
            failure = record.result.failure or Failure("import_report", None, text).to_dict()
            given = {"run": record.id, "attempt": record.status.attempt, "failure": failure}
            await client.start_new("compensate_run", instance_id, given)

    async def _remove(self, client: Any, report: str, run: str) -> None:
        instance_id = f"{run}:remove"
        if await self._may_start(client, instance_id):
            await client.start_new("remove_previous", instance_id, {"report": report, "run": run})

    async def _may_start(self, client: Any, instance_id: str) -> bool:
        """Unless it is at work. One that does not move is terminated, and started by the next sweep."""
        seen = await get_status(client, instance_id)
        if seen.status in MOVING and seen.moved and self.now() - seen.moved > timedelta(seconds=self.patience):
            await client.terminate(instance_id, STUCK)
        return seen.status not in AT_WORK


async def _seen(record: RunRecord, client: Any) -> InstanceStatus:
    """Of a run that has ended the record says everything."""
    if record.status.state in ENDED:
        return InstanceStatus(None)
    return await get_status(client, record.id, [compensation_id(record)] if record.status.state == "failing" else [])


def _next_attempt(found: RunRecord, known: RunRecord) -> RunRecord:
    if (found.status.attempt, found.status.state) != (known.status.attempt, known.status.state):
        raise _Moved
    return found.changed(attempt=found.status.attempt + 1, state="accepted")


async def start(client: Any, record: RunRecord) -> None:
    await client.start_new("import_report", record.id, {"attempt": record.status.attempt})


def compensation_id(record: RunRecord) -> str:
    return f"{record.id}:{record.status.attempt}:compensate"


async def get_status(client: Any, instance_id: str, others: Sequence[str] = ()) -> InstanceStatus:
    """The orchestration, with what works for it: its current lanes, and `others`."""
    status = await client.get_status(instance_id, show_input=True)
    if not status:
        return InstanceStatus(None)
    custom = status.custom_status if isinstance(status.custom_status, dict) else {}
    lanes = [f"{custom.get('wave')}-{number}" for number in range(custom.get("lanes") or 0)]
    found = [status, *(await asyncio.gather(*(client.get_status(one) for one in (*lanes, *others))))]
    times = [one.last_updated_time for one in found if one and one.last_updated_time]
    moved = max((_utc(time) for time in times), default=None)
    return InstanceStatus(status.runtime_status.value, _attempt(status.input_), moved, status.output)


def _attempt(given: Any) -> int:
    """From the orchestration's input, which the SDK encodes twice."""
    while isinstance(given, str):
        try:
            given = json.loads(given)
        except ValueError:
            return 0
    return int(given.get("attempt", 0)) if isinstance(given, dict) else 0


def _utc(time: datetime) -> datetime:
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
