"""Deletes a generation that was replaced and that nobody should be reading any more."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from outlast.calls import Removal, RemovalAnswer
from outlast.cosmos.snapshots.removing import GenerationRemover
from outlast.deadline import Deadlines
from outlast.models import Json
from outlast.report import Report, known_report
from outlast.runs.store import Runs


@dataclass(frozen=True, slots=True)
class RemoveGeneration:
    reports: Mapping[str, Report[Any]]
    runs: Runs
    remover: GenerationRemover
    deadlines: Deadlines

    async def remove_generation(self, given: Json) -> Json:
        """Input: Removal. Returns a RemovalAnswer.

        The header forgets the run when none of its documents is found any more. A run that the header does not list as
        replaced is left alone.
        """
        call, deadline = Removal.from_dict(given), self.deadlines.start()
        report = known_report(self.reports, call.report)
        header = await self.remover.snapshots.header(report)
        deleted = (call.cursor or {"deleted": 0})["deleted"]
        if header is None or header.current.run == call.run or not header.holds(call.run):
            return RemovalAnswer(None, deleted).to_dict()
        record = await self.runs.find(call.run)
        ru_share = record.request.ru_share if record is not None else None
        removing = await self.remover.remove(report, call.run, ru_share, deadline)
        deleted += removing.deleted
        if not removing.done:
            return RemovalAnswer({"deleted": deleted}, deleted, removing.wait).to_dict()
        await self.remover.snapshots.change(report, lambda header: header and header.without(call.run))
        return RemovalAnswer(None, deleted).to_dict()
