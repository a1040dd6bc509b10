"""Lets a run that has ended be worked on again, as its next attempt."""

from dataclasses import dataclass, replace
from typing import Any

from outlast.calls import RunChange
from outlast.http.problem import Problem
from outlast.models import MIRROR
from outlast.runs.launcher import Launcher
from outlast.runs.record import RunRecord
from outlast.runs.stale import Stale
from outlast.runs.store import Runs
from outlast.runs.transitions import NotAllowed, apply
from outlast.staging.retention import Days


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviser:
    """`owner` is this app and its task hub, which does the work from now on."""

    runs: Runs
    launcher: Launcher
    days: Days
    owner: str

    def check(self, record: RunRecord, what: str) -> None:
        """Raise Problem where the run cannot be worked on again."""
        check_files(record, self.days)
        status = record.status
        if record.open:
            pending = f", and pending: {', '.join(status.pending)}" if status.pending else ""
            text = f"run {record.id} is {status.state}{pending}; it can be {what} when it has ended"
            raise Problem(409, "Conflict", text, "run")
        if (why := _unfit(record, what)) is not None:
            raise Problem(409, "Conflict", f"run {record.id} cannot be {what}: {why}", "run")

    async def revise(self, client: Any, record: RunRecord, change: RunChange, what: str) -> RunRecord:
        """Record the event and start the next attempt. What dies between is started by the sweep. Raises Problem where
        the run has changed since it was checked: somebody else works on it, or removes it."""
        given = replace(change, owner=self.owner)

        def revised_of(found: RunRecord) -> RunRecord:
            if found.status.revision != record.status.revision:
                text = f"run {found.id} is being worked on again; repeat when it has ended"
                raise Problem(409, "Conflict", text, "run")
            self.check(found, what)
            return _revised(found, given)

        revised = await self.runs.change(record.id, revised_of)
        await self.launcher.start_again(client, revised)
        return revised


def check_files(record: RunRecord, days: Days) -> None:
    """Raise Problem where files of the run are removed, or are about to be."""
    over = not record.open and days.are_over(record)
    if record.is_removed or over:
        text = f"the files of run {record.id} are removed, or are about to be (RETENTION_DAYS); start a new run"
        raise Problem(410, "Gone", text, "run")


def _unfit(record: RunRecord, what: str) -> str | None:
    """Why a run of this kind is not worked on again, and what to do instead; None where it is."""
    mode = record.request.mode
    if mode == MIRROR:
        checks = " and verify=drift, which also finds what others have changed" if what == "verified" else ""
        return f"a mirror report writes only what differs, so start it again with the whole input{checks}"
    if what == "corrected" and record.request.grouped:
        return "its rows are added into groups, of which each may change; start the report again with the whole input"
    if what == "corrected" and mode == "snapshot" and record.status.wrote:
        return (
            "it is a run of a snapshot report that has stored its generation, which readers see or which is undone; "
            "start the report again with the whole input"
        )
    return None


def _revised(found: RunRecord, change: RunChange) -> RunRecord:
    try:
        return apply(found, change)
    except (NotAllowed, Stale):
        text = f"run {found.id} is {found.status.state} and cannot be worked on again"
        raise Problem(409, "Conflict", text, "run") from None
