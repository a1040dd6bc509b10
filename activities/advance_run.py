"""Moves the run record to its next state. It may be repeated, and moves nothing of another attempt."""

from collections.abc import Callable
from dataclasses import dataclass

from outlast.errors import Permanent
from outlast.models import Json, RunView
from outlast.runs.record import ENDED, STATES, RunRecord
from outlast.runs.store import Runs
from outlast.runs.transitions import failing

KEPT = ("totals", "receipt")
"""What a call may set in the record beside the state."""
CLOSED = "closed"
"""Asked for by whoever has compensated a run: the record says what that is."""


@dataclass(frozen=True, slots=True)
class AdvanceRun:
    runs: Runs

    async def advance_run(self, given: Json) -> Json:
        """Given run, attempt, to, and any of totals, receipt, failure, outcome, done; answers the record's view."""
        record = await self.runs.change(given["run"], _edit(given))
        return RunView(
            record.request.max_parallel,
            record.request.tolerated_rejects,
            record.request.tolerated_reject_percent,
            attempt=record.status.attempt,
            state=record.status.state,
            pending=record.status.pending,
            failure=record.result.failure,
            receipt=record.result.receipt,
        ).to_dict()


def _edit(given: Json) -> Callable[[RunRecord], RunRecord]:
    to, edit = given["to"], _EDITS.get(given["to"], _advanced)

    def checked(record: RunRecord) -> RunRecord:
        after = edit(record, given) if record.status.attempt == given["attempt"] else _repeated(record, given)
        if after is None:
            raise Permanent(
                f"run {record.id} is {record.status.state} in attempt {record.status.attempt} and cannot become {to} "
                f"in attempt {given['attempt']}; its record says what became of it"
            )
        kept = KEPT if record.status.state not in ENDED else ()
        changes = {name: given[name] for name in kept if name in given}
        return after.changed(**changes)

    return checked


def _advanced(record: RunRecord, given: Json) -> RunRecord | None:
    """One state on; a state follows itself, so that a repeated call changes nothing."""
    before, to = record.status.state, given["to"]
    if before not in STATES or to not in STATES or STATES.index(to) - STATES.index(before) not in (0, 1):
        return None
    return record.changed(state=to, wrote=record.status.wrote or to == "storing")


def _read(record: RunRecord, given: Json) -> RunRecord | None:
    """An orchestration that was started anew begins with this: it takes the work over as the next attempt, which
    fences whatever is left of the one before."""
    if record.status.state in STATES[2:-1]:
        return record.changed(state="reading", attempt=record.status.attempt + 1)
    return _advanced(record, given)


def _repeated(record: RunRecord, given: Json) -> RunRecord | None:
    """Whoever takes the work over may not hear of it, and asks again with the attempt that it knows."""
    begun = (given["to"], record.status.state, record.status.attempt) == ("reading", "reading", given["attempt"] + 1)
    return record if begun else None


def _completed(record: RunRecord, given: Json) -> RunRecord | None:
    """The end of the story; or of compensating a run that turned out to be published."""
    if "undo" in record.status.pending and record.result.receipt:
        return record.changed(state="completed", pending=[], failure=None, outcome=None)
    return _advanced(record, given)


def _failing(record: RunRecord, given: Json) -> RunRecord | None:
    """The fence: from here on every activity of the run's work stops. A run that has ended keeps its end, for whoever
    compensates it is told what is pending."""
    done = [given["done"]] if "done" in given else []
    if record.status.state in ENDED or record.status.state == "failing":
        pending = [step for step in record.status.pending if step not in done]
        again = record.status.compensations if done else record.status.compensations + ("failure" in given)
        return record.changed(pending=pending, compensations=again)
    return failing(record, given.get("outcome", "failed"), given.get("failure")).changed(compensations=1)


def _closed(record: RunRecord, given: Json) -> RunRecord | None:
    if record.status.state in ENDED:
        return record
    return record.changed(state=record.status.outcome or "failed") if record.status.state == "failing" else None


_EDITS = {"reading": _read, "completed": _completed, "failing": _failing, CLOSED: _closed}
