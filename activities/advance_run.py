"""Applies one event to the run record. A repeat changes nothing, and nothing of another attempt is changed."""

from dataclasses import dataclass, replace
from typing import Any

from outlast.calls import RunChange, RunView
from outlast.models import Json
from outlast.runs.admission import Admission
from outlast.runs.record import AT_WORK, RunRecord
from outlast.runs.store import Runs
from outlast.runs.transitions import Event, apply

ENDS_WORK = (Event.FAIL, Event.COMPENSATE, Event.COMPLETE, Event.PLAN)
FANS_OUT = (Event.GENERATE, Event.COMBINE, Event.RESOLVE, Event.STORE, Event.DELETE, Event.VERIFY)


@dataclass(frozen=True, slots=True)
class AdvanceRun:
    """`can_email`: whether mail is configured, `can_post`: whether a webhook is. What cannot be sent is not pending."""

    runs: Runs
    admission: Admission
    can_email: bool
    can_post: bool = False

    async def advance_run(self, given: Json, client: Any) -> Json:
        """Input: RunChange. Returns a RunView of the record after it."""
        change = replace(RunChange.from_dict(given), can_email=self.can_email, can_post=self.can_post)
        if change.event == Event.READ:
            await self.admission.ask(client, change.run)
        # A run that begins again while a replica still shows `reading` would keep its attempt, and so fence itself.
        begins = change.event == Event.READ
        record = await self.runs.change(change.run, lambda before: apply(before, change), confirm=begins)
        if change.event in ENDS_WORK and record.status.state not in AT_WORK:
            await self.admission.release(client, record.id)
        lanes = record.request.max_parallel
        return _view(record, await self.admission.share(lanes) if change.event in FANS_OUT else lanes).to_dict()


def _view(record: RunRecord, lanes: int) -> RunView:
    request, status, result = record.request, record.status, record.result
    return RunView(
        lanes,
        request.tolerated_rejects,
        request.tolerated_reject_percent,
        request.min_rows,
        attempt=status.attempt,
        state=status.state,
        pending=status.pending,
        failure=result.failure,
        receipt=result.receipt,
        grouped=request.grouped,
        last_attempt=record.last_attempt,
        mode=request.mode,
        plan=request.plan,
        expires=(status.planned or {}).get("expires"),
        verify=request.verify,
    )
