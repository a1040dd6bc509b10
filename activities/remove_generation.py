"""Deletes a generation that was replaced and that nobody should be reading any more."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from activities.undo_report import known_report
from outlast.cosmos.snapshots.header import Snapshots
from outlast.deadline import Deadlines
from outlast.models import Json
from outlast.report import Report


@dataclass(frozen=True, slots=True)
class RemoveGeneration:
    reports: Mapping[str, Report[Any]]
    snapshots: Snapshots
    deadlines: Deadlines

    async def remove_generation(self, given: Json) -> Json:
        """Given report, run, cursor; answers cursor and how many documents were deleted. The header forgets the run
        when nothing of it is found any more; a run it does not know as replaced is left alone."""
        deadline, report, run = self.deadlines.start(), known_report(self.reports, given["report"]), given["run"]
        header = await self.snapshots.header(report)
        deleted = (given["cursor"] or {"deleted": 0})["deleted"]
        if header is None or header.current.run == run or not header.holds(run):
            return {"cursor": None, "deleted": deleted}
        while not deadline.passed():
            found = await self.snapshots.remove(report, run)
            if not found:
                await self.snapshots.change(report, lambda header: header and header.without(run))
                return {"cursor": None, "deleted": deleted}
            deleted += found
        return {"cursor": {"deleted": deleted}, "deleted": deleted}
