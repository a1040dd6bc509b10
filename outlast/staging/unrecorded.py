"""The timer function `remove_unrecorded`: removes bodies that a start has staged without recording its run, and
corrections that were staged while their run was being removed.

A start that dies, or whose request to the database gets no answer, leaves such a body. Before it stages a body it
writes an empty file that names it, so this function lists few files however many runs there are. A correction does so,
too.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import azure.functions as func

from outlast.deadline import Deadlines
from outlast.runs.store import Runs
from outlast.staging.paths import (
    STARTING,
    body_path,
    correction_paths,
    folder_of,
    is_correction,
    starting_of,
    starting_path,
)
from outlast.staging.store import Staging

OLD = timedelta(hours=1)
"""A start or a correction lasts at most functionTimeout. Behind an hour it is recorded or will not be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnrecordedBodies:
    runs: Runs
    staging: Staging
    now: Callable[[], datetime]
    deadlines: Deadlines

    async def remove_unrecorded(self, timer: func.TimerRequest) -> None:
        """Look at every start and correction that is older than an hour. What is left when time is up waits for the
        next hour."""
        began, deadline = self.now(), self.deadlines.start()
        for path, modified in await self.staging.list(STARTING):
            if deadline.passed():
                return
            if began - modified >= OLD:
                await self._finish(*starting_of(path))

    async def _finish(self, run: str, name: str) -> None:
        """Remove what is staged unless it belongs to the run. It goes first, so that a kill loses nothing."""
        record = await self.runs.find(run)
        if is_correction(name):
            # That of a run whose files are there stays: it may be posted again, under the same name, at any moment.
            left = correction_paths(run, name) if record is None or record.is_removed else []
        else:
            left = [body_path(run, name)] if record is None or record.request.body != name else []
        if left:
            await self.staging.delete_all(left)
            logging.getLogger("outlast").warning("run %s: %s was staged and not recorded; it is removed", run, name)
        await self.staging.delete(starting_path(run, name))
        if record is None:
            self.staging.remove_empty(folder_of(run))
