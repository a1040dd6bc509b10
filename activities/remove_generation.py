"""Deletes a generation that was replaced and that nobody should be reading any more."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from outlast.cosmos.snapshots.header import Snapshots
from outlast.deadline import Deadlines
from outlast.models import Json, Removal, RemovalAnswer
from outlast.report import Report, known_report


@dataclass(frozen=True, slots=True)
class RemoveGeneration:
    reports: Mapping[str, Report[Any]]
    snapshots: Snapshots
    deadlines: Deadlines

    async def remove_generation(self, given: Json) -> Json:
        """Input: Removal. Returns a RemovalAnswer.

        The header forgets the run when none of its documents is found any more. A run that the header does not list as
        replaced is left alone.
        """
        call, deadline = Removal.from_dict(given), self.deadlines.start()
        report = known_report(self.reports, call.report)
        header = await self.snapshots.header(report)
        deleted = (call.cursor or {"deleted": 0})["deleted"]
        if header is None or header.current.run == call.run or not header.holds(call.run):
            return RemovalAnswer(None, deleted).to_dict()
        while not deadline.passed():
            found = await self.snapshots.remove(report, call.run)
            if not found:
                await self.snapshots.change(report, lambda header: header and header.without(call.run))
                return RemovalAnswer(None, deleted).to_dict()
            deleted += found
        return RemovalAnswer({"deleted": deleted}, deleted).to_dict()
