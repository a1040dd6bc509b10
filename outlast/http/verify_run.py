"""POST /api/runs/{run}/verify: reads back what a completed run has stored, and compares it with what was staged."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import azure.functions as func

from outlast.calls import RunChange
from outlast.cosmos.snapshots.header import Snapshots
from outlast.http.answers import RunAnswer, answer
from outlast.http.caller import caller_of
from outlast.http.known_run import known_run
from outlast.http.problem import Problem, bad_request
from outlast.http.query import read_query
from outlast.http.revise_run import Reviser
from outlast.models import MIRROR
from outlast.report import Report
from outlast.run_options import DRIFT, LEVELS
from outlast.runs.record import RunRecord
from outlast.runs.store import Runs
from outlast.runs.transitions import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyRun:
    reports: Mapping[str, Report[Any]]
    runs: Runs
    snapshots: Snapshots
    reviser: Reviser

    async def verify_run(self, req: func.HttpRequest, client: Any) -> func.HttpResponse:
        """202 with the record, also for a repeat while the run is verified.

        400 without a known `level` of the run's mode, 409 for a run that is not completed, 410 without files.
        """
        level = read_query(req.params, ("level",)).get("level")
        if level not in LEVELS:
            raise bad_request(f"level must be one of {', '.join(LEVELS)}", "level")
        record = await known_run(self.runs, req.route_params["run"])
        if level == DRIFT and record.request.mode != MIRROR:
            raise bad_request(f"drift is found for mirror reports; the mode is {record.request.mode}", "level")
        if not (record.open and record.status.was_completed and record.request.verify == level):
            self.reviser.check(record, "verified")
            await self._check_current(record)
            change = RunChange(record.id, record.status.attempt, Event.REVERIFY, level=level, by=caller_of(req))
            record = await self.reviser.revise(client, record, change, "verified")
        return answer(RunAnswer(record.shown()), 202)

    async def _check_current(self, record: RunRecord) -> None:
        """Raise Problem for a generation of a snapshot report that is not current: it is being removed."""
        report = self.reports.get(record.request.report)
        if report is None:
            text = f"the report {record.request.report} is not in reports/ any more; deploy it again"
            raise Problem(409, "Conflict", text, "run")
        header = await self.snapshots.header(report) if record.request.mode == "snapshot" else None
        if header is not None and header.current.run != record.id:
            text = f"run {header.current.run} has replaced the generation of run {record.id}; verify that one"
            raise Problem(409, "Conflict", text, "run")
