"""Starts of runs that nobody posts: a key stands for what came, and a key has one run however often it is started."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from outlast.http.start_once import StartOnce
from outlast.http.start_report import NewRuns, StartChecks
from outlast.http.start_request import StartRequest
from outlast.report import Report
from outlast.runs.ids import run_of_key
from outlast.runs.record import RunRecord


@dataclass(frozen=True, slots=True)
class KeyedStarts:
    """The parts of the start endpoint that it shares with these."""

    checks: StartChecks
    new_runs: NewRuns
    start_once: StartOnce

    async def run_of(self, report: Report[Any], key: str) -> str:
        """The id of the run of a key."""
        return run_of_key(report.name, key, await self.start_once.secret())

    async def find(self, run: str, client: Any) -> RunRecord | None:
        """The record of a run that was started before; it is started if its start died after recording it."""
        before = await self.start_once.runs.find(run)
        return before and await self.start_once.find_repeated({run: before.request.fingerprint}, client)

    async def start(
        self, report: Report[Any], run: str, ask: Callable[[], Awaitable[StartRequest]], client: Any
    ) -> RunRecord:
        """The record of this run, new or from before. `ask` makes the request where it is new.

        Raises Problem as the start endpoint does.
        """
        if (before := await self.find(run, client)) is not None:
            return before
        asked = await ask()
        await self.checks.check_request(asked, report)
        record = self.new_runs.make(report, asked, run)
        await self.checks.check_new(report, record, run)
        await self.start_once.accept(record, asked.body, client)
        return record
