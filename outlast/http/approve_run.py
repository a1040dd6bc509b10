"""POST /api/runs/{run}/approve: lets a planned run store what its plan says."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import azure.functions as func

from outlast.calls import RunChange
from outlast.http.answers import RunAnswer, answer
from outlast.http.caller import caller_of
from outlast.http.known_run import known_run
from outlast.http.problem import Problem
from outlast.http.query import read_query
from outlast.runs.launcher import Launcher
from outlast.runs.record import RunRecord
from outlast.runs.store import Runs
from outlast.runs.transitions import Event, apply


@dataclass(frozen=True, slots=True)
class ApproveRun:
    runs: Runs
    launcher: Launcher
    now: Callable[[], datetime]

    async def approve_run(self, req: func.HttpRequest, client: Any) -> func.HttpResponse:
        """202 with the record, 200 where it was approved before, 409 where the run does not wait for that.

        The orchestration is woken. Where that fails the sweep wakes it.
        """
        read_query(req.params, ())
        before = await known_run(self.runs, req.route_params["run"])
        by = caller_of(req)
        record = await self.runs.change(before.id, lambda found: self._approved(found, by))
        if before.status.state == "planned":
            await self.launcher.wake(client, record.id)
        return answer(RunAnswer(record.shown()), 200 if before.status.approved is not None else 202)

    def _approved(self, record: RunRecord, by: str | None) -> RunRecord:
        if record.status.approved is not None and record.status.state != "planned":
            return record
        if record.status.state != "planned":
            text = f"run {record.id} is {record.status.state}; only a planned run can be approved"
            raise Problem(409, "Conflict", text, "run")
        at = self.now().astimezone(UTC).isoformat(timespec="milliseconds")
        return apply(record, RunChange(record.id, record.status.attempt, Event.APPROVE, at=at, by=by))
