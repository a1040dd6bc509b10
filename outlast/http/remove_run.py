"""DELETE /api/runs/{run}: removes everything of a run that has ended, but the documents that it has stored."""

from dataclasses import dataclass
from typing import Any

import azure.functions as func

from outlast.deadline import Deadlines
from outlast.http.answers import RunAnswer, answer
from outlast.http.known_run import known_run
from outlast.http.problem import Problem
from outlast.http.query import read_query
from outlast.models import MIRROR
from outlast.runs.histories import Histories, StillAtWork
from outlast.runs.mirror_claims import MirrorClaims
from outlast.runs.record import RunRecord
from outlast.runs.seats import Seats
from outlast.runs.store import Runs
from outlast.staging.removal import RunRemover

MOST_SECONDS = 20.0
"""Time of one call, so that it ends long before the caller or the host gives it up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveRun:
    runs: Runs
    remover: RunRemover
    seats: Seats
    claims: MirrorClaims
    deadlines: Deadlines

    async def remove_run(self, req: func.HttpRequest, client: Any) -> func.HttpResponse:
        """204 when all is removed, 202 when the call must be repeated, 409 for a run that is open.

        The record goes last: a removal that dies is repeated by the same call.
        """
        read_query(req.params, ())
        record = _begun(await known_run(self.runs, req.route_params["run"]))
        try:
            await Histories(client, record).refuse_at_work()
            record = await self.runs.change(record.id, _begun)
            removed = await self.remover.remove(client, record, self.deadlines.start().within(MOST_SECONDS))
        except StillAtWork as error:
            raise Problem(409, "Conflict", str(error), "run") from None
        if not removed:
            return answer(RunAnswer(record.shown()), 202, Retry_After="1")
        await self.seats.leave(record.id)
        if record.request.mode == MIRROR:
            await self.claims.drop(record.id)
        await self.runs.delete(record)
        return func.HttpResponse(status_code=204)


def _begun(record: RunRecord) -> RunRecord:
    """The record of a run that is being removed, so that nobody redrives it without some of its files."""
    if record.open:
        pending = f", and pending: {', '.join(record.status.pending)}" if record.status.pending else ""
        text = f"run {record.id} is {record.status.state}{pending}; it can be removed when it has ended"
        raise Problem(409, "Conflict", text, "run")
    return record.changed(removing=True)
