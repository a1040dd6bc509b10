"""Moves the run record to its next state. It may be repeated, and moves nothing of another attempt."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from outlast.errors import Permanent
from outlast.models import Orders, Plain
from outlast.runs import ENDED, STATES, RunRecord, Runs

KEPT = ("totals", "failure", "receipt", "owed")
"""What a call may set in the record beside the state."""


@dataclass(frozen=True, slots=True)
class AdvanceRun:
    runs: Runs

    async def advance_run(self, given: Plain) -> Plain:
        """Given run, attempt, to, and any of totals, failure, receipt, owed; answers the record's orders."""
        record = await self.runs.change(given["run"], _to(given))
        return Orders(record.max_parallel, record.tolerated_rejects, record.tolerated_reject_percent).plain()


def _to(given: Plain) -> Callable[[RunRecord], RunRecord]:
    to, kept = given["to"], {name: given[name] for name in KEPT if name in given}

    def edit(record: RunRecord) -> RunRecord:
        if record.attempt != given["attempt"] or not _follows(record.state, to):
            raise Permanent(
                f"run {record.id} is {record.state} in attempt {record.attempt} and cannot become {to} "
                f"in attempt {given['attempt']}; its record says what became of it"
            )
        changes: dict[str, Any] = {"state": to, **kept}
        return replace(record, **changes)

    return edit


def _follows(state: str, to: str) -> bool:
    """A state follows itself, so that a repeated call changes nothing, and the one before it."""
    if state == to:
        return True
    if to == "failing":
        return state not in ENDED
    if to == "failed":
        return state == "failing"
    return state in STATES and to in STATES and STATES.index(to) == STATES.index(state) + 1
