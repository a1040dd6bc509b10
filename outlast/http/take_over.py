"""POST /api/take-over: makes the open runs of another app or task hub those of this one.

For a move: to another app, another task hub or another storage account. The former app must be stopped first, because
its orchestrations would go on beside the new ones until the fence stops them.
"""

from dataclasses import dataclass

import azure.functions as func

from outlast.calls import RunChange
from outlast.http.answers import TakenOver, answer
from outlast.http.problem import bad_request
from outlast.http.query import read_query
from outlast.runs.record import RunRecord
from outlast.runs.store import Runs
from outlast.runs.transitions import Event, apply

MOST = 200
"""Runs of one call, so that it ends long before the host's timeout."""


@dataclass(frozen=True, slots=True)
class TakeOver:
    """`owner` is this app and its task hub."""

    runs: Runs
    owner: str

    async def take_over(self, req: func.HttpRequest) -> func.HttpResponse:
        """`{taken, left}`: call again while runs are left. The sweep starts those that were under way."""
        former = read_query(req.params, ("owner",)).get("owner") or ""
        open_runs = await self.runs.open_runs()
        others = [record for record in open_runs if record.status.owner == former]
        if former == self.owner or not others:
            known = sorted({record.status.owner for record in open_runs} - {self.owner})
            text = f"owner must be another owner of open runs; there are: {', '.join(known) or 'none'}"
            raise bad_request(text, "owner")
        for record in others[:MOST]:
            await self._take(record)
        return answer(TakenOver(taken=len(others[:MOST]), left=len(others[MOST:])))

    async def _take(self, record: RunRecord) -> None:
        """A run that was taken over meanwhile is left as it is."""

        def taken(found: RunRecord) -> RunRecord:
            if found.status.owner != record.status.owner:
                return found
            return apply(found, RunChange(found.id, found.status.attempt, Event.TAKE_OVER, owner=self.owner))

        await self.runs.change(record.id, taken)
