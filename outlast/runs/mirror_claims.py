"""Which run of each mirror report is at work. One is at a time: each is compared with what the one before wrote."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from outlast.models import Json
from outlast.runs.app_documents import AppDocuments
from outlast.runs.record import ENDED, RunRecord
from outlast.runs.store import Runs

NAME = "app:mirrors"
"""The document whose members are report, run and time of each claim."""
STARTING = timedelta(minutes=10)
"""A claim without a record is that of a start that is under way, or has died."""


class _Taken(Exception):
    def __init__(self, run: str, since: str) -> None:
        super().__init__(run)
        self.run, self.since = run, since


@dataclass(frozen=True, slots=True)
class MirrorClaims:
    documents: AppDocuments
    runs: Runs
    now: Callable[[], datetime]

    async def take(self, report: str, run: str) -> str | None:
        """Claim the report for a new run. Returns the run that is at work instead; None where the claim is taken."""
        over = {run}
        while True:
            try:
                await self.documents.change(NAME, lambda members: self._claimed(members, report, run, over))
            except _Taken as taken:
                if await self._is_at_work(taken):
                    return taken.run
                over.add(taken.run)
            else:
                return None

    async def drop(self, run: str) -> None:
        """Give back the claims of a run whose record goes; without a record they would pass for those of starts."""
        await self.documents.change(
            NAME, lambda members: {report: claim for report, claim in members.items() if claim["run"] != run}
        )

    def _claimed(self, members: Json, report: str, run: str, over: set[str]) -> Json:
        """The members with the claim of this run, unless a run has one that is not over."""
        holder = members.get(report)
        if holder is not None and holder["run"] not in over:
            raise _Taken(holder["run"], holder["at"])
        return {**members, report: {"run": run, "at": self.now().astimezone(UTC).isoformat(timespec="milliseconds")}}

    async def _is_at_work(self, claim: _Taken) -> bool:
        record = await self.runs.find(claim.run)
        if record is None:
            return self.now() - datetime.fromisoformat(claim.since) < STARTING
        return is_at_work(record)


def is_at_work(record: RunRecord) -> bool:
    """Whether the run may write, now or later. An email that is pending does not matter."""
    return record.status.state not in ENDED or "undo" in record.status.pending
