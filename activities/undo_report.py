"""Deletes what a failed run of a snapshot report had written, once nothing can write any more.

Of a mirror report nothing is deleted: the undo is the time after which nothing can write any more, and the next run
makes the container right.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from outlast.calls import RunCall, UndoAnswer
from outlast.cosmos.snapshots.removing import GenerationRemover
from outlast.deadline import Deadline, Deadlines
from outlast.models import MIRROR, Json
from outlast.report import Report, known_report
from outlast.runs.fence import refuse_strangers
from outlast.runs.record import OUTCOMES, RunRecord
from outlast.runs.stale import refuse_stale
from outlast.runs.store import Runs, need

SLACK_SECONDS = 15.0
"""Beyond functionTimeout: a given-up activity may have started just before the fence, and its worker dies late."""


@dataclass(frozen=True, slots=True)
class UndoReport:
    reports: Mapping[str, Report[Any]]
    runs: Runs
    remover: GenerationRemover
    deadlines: Deadlines

    async def undo_report(self, given: Json) -> Json:
        """Input: RunCall. Returns an UndoAnswer."""
        call, deadline = RunCall.from_dict(given), self.deadlines.start()
        record = await need(self.runs, call.run)
        refuse_stale(record, call.attempt, ("failing", *OUTCOMES))
        if "undo" not in record.status.pending:
            return UndoAnswer(None, 0).to_dict()
        refuse_strangers(record, call.attempt, "failing", *OUTCOMES)
        if call.cursor is None:
            return UndoAnswer({"deleted": 0}, 0, wait=self.deadlines.timeout + SLACK_SECONDS).to_dict()
        return (await self._undo(record, call.cursor["deleted"], deadline)).to_dict()

    async def _undo(self, record: RunRecord, deleted: int, deadline: Deadline) -> UndoAnswer:
        report = known_report(self.reports, record.request.report)
        header = await self.remover.snapshots.header(report)
        if record.request.mode == MIRROR:  # its documents stay; the next run must not meet a call that still writes
            return UndoAnswer(None, 0, published=header is not None and header.current.run == record.id)
        if header is not None and header.holds(record.id):
            return UndoAnswer(None, deleted, published=True)
        removing = await self.remover.remove(report, record.id, record.request.ru_share, deadline)
        deleted += removing.deleted
        return UndoAnswer(None if removing.done else {"deleted": deleted}, deleted, wait=removing.wait)
