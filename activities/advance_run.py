"""Applies one event to the run record. A repeat changes nothing, and nothing of another attempt is changed."""

from dataclasses import dataclass

from outlast.models import Json, RunChange, RunView
from outlast.runs.record import RunRecord
from outlast.runs.store import Runs
from outlast.runs.transitions import apply


@dataclass(frozen=True, slots=True)
class AdvanceRun:
    runs: Runs

    async def advance_run(self, given: Json) -> Json:
        """Input: RunChange. Returns a RunView of the record after it."""
        change = RunChange.from_dict(given)
        return _view(await self.runs.change(change.run, lambda record: apply(record, change))).to_dict()


def _view(record: RunRecord) -> RunView:
    request, status, result = record.request, record.status, record.result
    return RunView(
        request.max_parallel,
        request.tolerated_rejects,
        request.tolerated_reject_percent,
        request.min_rows,
        attempt=status.attempt,
        state=status.state,
        pending=status.pending,
        failure=result.failure,
        receipt=result.receipt,
    )
