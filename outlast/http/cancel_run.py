"""POST /api/runs/{run}/cancel: fences a run, so that its work stops and its compensation begins."""

from dataclasses import dataclass

import azure.functions as func
import orjson

from outlast.http.known_run import known_run
from outlast.http.problem import Problem
from outlast.models import Failure
from outlast.runs.record import ENDED, RunRecord
from outlast.runs.store import Runs
from outlast.runs.transitions import failing

CANCELLED = Failure("cancel", None, "the run was cancelled")


@dataclass(frozen=True, slots=True)
class CancelRun:
    runs: Runs

    async def cancel_run(self, req: func.HttpRequest) -> func.HttpResponse:
        """202 with the record, 200 when the run is cancelled already, 409 when it has ended or is failing."""
        record = await known_run(self.runs, req.route_params["run"])
        record = await self.runs.change(record.id, _cancelled)
        status = 200 if record.state in ENDED else 202
        return func.HttpResponse(orjson.dumps({"run": record.shown()}), status_code=status, mimetype="application/json")


def _cancelled(record: RunRecord) -> RunRecord:
    if record.outcome == "cancelled":
        return record
    if record.state in ENDED or record.state == "failing":
        raise Problem(409, "Conflict", f"run {record.id} is {record.state} and cannot be cancelled", "run")
    return failing(record, "cancelled", CANCELLED.to_dict())
