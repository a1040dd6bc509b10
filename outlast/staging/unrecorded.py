"""The timer function `remove_unrecorded`: removes bodies that a start has staged without recording its run.

A start that dies, or whose request to the database gets no answer, leaves such a body. Before it stages a body it
writes an empty file that names it, so this function lists few files however many runs there are.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import azure.functions as func

from outlast.deadline import Deadlines
from outlast.runs.store import Runs
from outlast.staging.paths import STARTING, body_path, starting_of, starting_path
from outlast.staging.store import Staging

OLD = timedelta(hours=1)
"""A start lasts at most functionTimeout. Behind an hour it has recorded its run or will not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnrecordedBodies:
    runs: Runs
    staging: Staging
    now: Callable[[], datetime]
    deadlines: Deadlines

    async def remove_unrecorded(self, timer: func.TimerRequest) -> None:
        """Look at every start that is older than an hour. What is left when time is up is left for the next hour."""
        began, deadline = self.now(), self.deadlines.start()
        for path, modified in await self.staging.list(STARTING):
            if deadline.passed():
                return
            if began - modified >= OLD:
                await self._finish(*starting_of(path))

    async def _finish(self, run: str, name: str) -> None:
        """Remove the body unless the record of its run names it. The body goes first, so that a kill loses nothing."""
        record = await self.runs.find(run)
        if record is None or record.request.body != name:
            await self.staging.delete(body_path(run, name))
            logging.getLogger("outlast").warning("run %s: its start left the body %s, which is removed", run, name)
        await self.staging.delete(starting_path(run, name))
