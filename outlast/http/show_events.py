"""GET /api/runs/{run}/events: what happened to a run, in order."""

from dataclasses import dataclass

import azure.functions as func
import orjson

from outlast.http.known_run import known_run
from outlast.http.query import read_query
from outlast.runs.store import Runs


@dataclass(frozen=True, slots=True)
class ShowEvents:
    runs: Runs

    async def show_events(self, req: func.HttpRequest) -> func.HttpResponse:
        """`{run, events: [{at, event, attempt, …}]}`, the oldest first."""
        read_query(req.params, ())
        record = await known_run(self.runs, req.route_params["run"])
        body = orjson.dumps({"run": record.id, "events": record.result.events})
        return func.HttpResponse(body, mimetype="application/json")
