"""POST /api/runs/{run}/waive: a person ends the pending steps of a compensation that cannot be done."""

from dataclasses import dataclass

import azure.functions as func

from outlast.calls import RunChange
from outlast.http.answers import RunAnswer, answer
from outlast.http.caller import caller_of
from outlast.http.known_run import known_run
from outlast.http.problem import Problem, bad_request
from outlast.http.query import read_query
from outlast.runs.record import RunRecord
from outlast.runs.stale import Stale
from outlast.runs.store import Runs
from outlast.runs.transitions import Event, NotAllowed, apply

LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class WaiveRun:
    runs: Runs

    async def waive_run(self, req: func.HttpRequest) -> func.HttpResponse:
        """200 with the record, 400 without a `reason`, 409 when nothing is pending or the run has not ended."""
        reason = read_query(req.params, ("reason",)).get("reason", "").strip()
        if not 0 < len(reason) <= LONGEST_REASON or not reason.isprintable():
            raise bad_request(f"reason must be 1 to {LONGEST_REASON} printable characters", "reason")
        by = caller_of(req)
        run = (await known_run(self.runs, req.route_params["run"])).id
        record = await self.runs.change(run, lambda before: _waived(before, reason, by))
        return answer(RunAnswer(record.shown()))


def _waived(record: RunRecord, reason: str, by: str | None) -> RunRecord:
    if not record.status.pending:
        if record.result.waived is not None:
            return record
        raise Problem(409, "Conflict", f"nothing is pending for run {record.id}", "run")
    try:
        return apply(record, RunChange(record.id, record.status.attempt, Event.WAIVE, reason=reason, by=by))
    except (NotAllowed, Stale):
        text = f"run {record.id} is {record.status.state}; what is pending can be waived when it has ended"
        raise Problem(409, "Conflict", text, "run") from None
