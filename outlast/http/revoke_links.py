"""DELETE /api/runs/{run}/links: revokes all links of a run that were given until now."""

from dataclasses import dataclass

import azure.functions as func

from outlast.calls import RunChange
from outlast.http.caller import caller_of
from outlast.http.known_run import known_run
from outlast.http.query import read_query
from outlast.runs.record import RunRecord
from outlast.runs.store import Runs
from outlast.runs.transitions import Event, apply


@dataclass(frozen=True, slots=True)
class RevokeLinks:
    runs: Runs

    async def revoke_links(self, req: func.HttpRequest) -> func.HttpResponse:
        """204, also where no link was given: that is not known. A link that is made later opens the run again."""
        read_query(req.params, ())
        run, by = (await known_run(self.runs, req.route_params["run"])).id, caller_of(req)
        await self.runs.change(run, lambda record: _revoked(record, by))
        return func.HttpResponse(status_code=204)


def _revoked(record: RunRecord, by: str | None) -> RunRecord:
    return apply(record, RunChange(record.id, record.status.attempt, Event.REVOKE_LINKS, by=by))
