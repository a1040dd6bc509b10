"""POST /api/runs/{run}/verify: reads back what a completed run has stored, and compares it with what was staged."""

from dataclasses import dataclass
from typing import Any

import azure.functions as func
import orjson

from outlast.calls import RunChange
from outlast.http.caller import caller_of
from outlast.http.known_run import known_run
from outlast.http.problem import bad_request
from outlast.http.query import read_query
from outlast.http.revise_run import Reviser
from outlast.run_options import LEVELS
from outlast.runs.store import Runs
from outlast.runs.transitions import Event


@dataclass(frozen=True, slots=True)
class VerifyRun:
    runs: Runs
    reviser: Reviser

    async def verify_run(self, req: func.HttpRequest, client: Any) -> func.HttpResponse:
        """202 with the record; 400 without a known `level`, 409 for a run that is not completed, 410 without files."""
        level = read_query(req.params, ("level",)).get("level")
        if level not in LEVELS:
            raise bad_request(f"level must be one of {', '.join(LEVELS)}", "level")
        record = await known_run(self.runs, req.route_params["run"])
        self.reviser.check(record, "verified")
        change = RunChange(record.id, record.status.attempt, Event.REVERIFY, level=level, by=caller_of(req))
        record = await self.reviser.revise(client, record, change)
        return func.HttpResponse(orjson.dumps({"run": record.shown()}), status_code=202, mimetype="application/json")
