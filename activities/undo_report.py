"""Deletes what a failed run of a snapshot report had written, once nothing can write any more."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from outlast.cosmos.snapshots.header import Snapshots
from outlast.deadline import Deadlines
from outlast.errors import Permanent
from outlast.models import Json
from outlast.report import Report
from outlast.runs.fence import refuse_strangers
from outlast.runs.record import OUTCOMES
from outlast.runs.store import Runs, need

SLACK_SECONDS = 15.0
"""Beyond functionTimeout: a given-up activity may have started just before the fence, and its worker dies late."""


@dataclass(frozen=True, slots=True)
class UndoReport:
    reports: Mapping[str, Report[Any]]
    runs: Runs
    snapshots: Snapshots
    deadlines: Deadlines

    async def undo_report(self, given: Json) -> Json:
        """Given run, attempt, cursor; answers cursor, the seconds to `wait` before the next call, how many documents
        were `deleted`, and whether the run turned out to be `published`: then it stays."""
        deadline, cursor = self.deadlines.start(), given["cursor"]
        record = await need(self.runs, given["run"])
        if "undo" not in record.status.pending:
            return _answer(None, 0)
        refuse_strangers(record, given["attempt"], "failing", *OUTCOMES)
        if cursor is None:
            return _answer({"deleted": 0}, 0, wait=self.deadlines.timeout + SLACK_SECONDS)
        report, deleted = known_report(self.reports, record.request.report), cursor["deleted"]
        header = await self.snapshots.header(report)
        if header is not None and header.holds(record.id):
            return _answer(None, deleted, published=True)
        while not deadline.passed():
            found = await self.snapshots.remove(report, record.id)
            if not found:
                return _answer(None, deleted)
            deleted += found
        return _answer({"deleted": deleted}, deleted)


def known_report(reports: Mapping[str, Report[Any]], name: str) -> Report[Any]:
    if name not in reports:
        raise Permanent(f"the report {name} is not in reports/ any more; its documents are deleted by hand")
    return reports[name]


def _answer(cursor: Json | None, deleted: int, wait: float = 0, published: bool = False) -> Json:
    return {"cursor": cursor, "deleted": deleted, "wait": wait, "published": published}
