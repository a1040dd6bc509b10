"""GET /api/runs/{run}/events: what happened to a run, in order."""

from dataclasses import dataclass

import azure.functions as func

from outlast.http.answers import RunEvents, answer
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
        return answer(RunEvents(record.id, record.result.events))
