"""The timer function `remove_ended_runs`: removes what ended runs leave behind when RETENTION_DAYS are over."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import azure.functions as func
from obstore.exceptions import BaseError

from outlast.deadline import Deadline, Deadlines
from outlast.errors import OutlastError
from outlast.runs.record import RunRecord
from outlast.runs.store import Runs
from outlast.staging.removal import RunRemover

MOST = 1000
"""Runs of one call, so that their records fit into memory. The next call goes on."""
FOR_EVER = -1
CLOCKS_APART = timedelta(minutes=1)
"""Instances of the app differ by less in what time it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """How long an ended run is kept: its files and histories, and its record. Both count from its end."""

    files: int
    record: int
    now: Callable[[], datetime]

    @property
    def before(self) -> str:
        """The files of a run that ended then or earlier are kept no longer."""
        return _text(self.now() - timedelta(days=self.files))

    def are_over(self, record: RunRecord) -> bool:
        """Whether the timer may be removing the files of this ended run now, by the clock of any instance."""
        updated = datetime.fromisoformat(record.status.updated or record.request.accepted)
        return self.files != FOR_EVER and updated <= self.now() - timedelta(days=self.files) + CLOCKS_APART

    def marked(self, record: RunRecord) -> RunRecord:
        """The record of a run whose files and histories are gone: the database may delete it when its time is over."""
        if record.open or record.status.removed is not None:
            return record
        ended = datetime.fromisoformat(record.status.updated or record.request.accepted)
        left = ended + timedelta(days=self.record) - self.now()
        ttl = FOR_EVER if self.record == FOR_EVER else max(1, int(left.total_seconds()))
        return record.changed(removed=_text(self.now()), ttl=ttl)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """Removes ended runs of one owner. Those of another app or task hub have their histories there."""

    runs: Runs
    remover: RunRemover
    days: Days
    owner: str
    deadlines: Deadlines

    async def remove_ended_runs(self, timer: func.TimerRequest, client: Any) -> None:
        """Remove the runs that ended longest ago first. What is left when time is up is left for the next call."""
        if self.days.files == FOR_EVER:
            return
        deadline = self.deadlines.start()
        for record in await self.runs.ended(self.owner, self.days.before, MOST):
            if deadline.passed():
                return
            await self._remove(client, record, deadline)

    async def _remove(self, client: Any, record: RunRecord, deadline: Deadline) -> None:
        """Remove, then mark the record, so that a removal that dies is repeated. The database deletes no record that is
        not marked, because nothing else names the files of a run."""
        try:
            if await self.remover.remove(client, record, deadline):
                await self.runs.change(record.id, self.days.marked)
        except (OutlastError, BaseError, OSError) as error:  # one run must not keep the timer from the others
            logging.getLogger("outlast").warning("run %s is not removed yet: %s", record.id, error)


def _text(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds")
