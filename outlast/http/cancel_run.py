"""POST /api/runs/{run}/cancel: fences a run, so that its work stops and its compensation begins."""

from dataclasses import dataclass
from typing import Any

import azure.functions as func

from outlast.calls import RunChange
from outlast.http.answers import RunAnswer, answer
from outlast.http.caller import caller_of
from outlast.http.known_run import known_run
from outlast.http.problem import Problem
from outlast.http.query import read_query
from outlast.models import Failure
from outlast.runs.launcher import Launcher
from outlast.runs.record import ENDED, WAITING, RunRecord
from outlast.runs.store import Runs
from outlast.runs.transitions import Event, NotAllowed, apply

CANCELLED = Failure("cancel", None, "the run was cancelled")


@dataclass(frozen=True, slots=True)
class CancelRun:
    runs: Runs
    launcher: Launcher

    async def cancel_run(self, req: func.HttpRequest, client: Any) -> func.HttpResponse:
        """202 with the record, 200 when the run is cancelled already, 409 when it has ended or is failing."""
        read_query(req.params, ())
        record = await known_run(self.runs, req.route_params["run"])
        waited, by = record.status.state in WAITING, caller_of(req)
        record = await self.runs.change(record.id, lambda before: _cancelled(before, by))
        if waited:
            await self.launcher.wake(client, record.id)
        return answer(RunAnswer(record.shown()), 200 if record.status.state in ENDED else 202)


def _cancelled(record: RunRecord, by: str | None) -> RunRecord:
    change = RunChange(record.id, record.status.attempt, Event.CANCEL, failure=CANCELLED.to_dict(), by=by)
    try:
        return apply(record, change)
    except NotAllowed:
        text = f"run {record.id} is {record.status.state} and cannot be cancelled"
        raise Problem(409, "Conflict", text, "run") from None
