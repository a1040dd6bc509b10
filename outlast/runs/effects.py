"""What an event changes of a run's record, beside its state: one function an event, named as the event is.

Each takes the record before, the change and the state to which the event leads. It returns None where the event is
refused.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from outlast.calls import RunChange
from outlast.models import MIRROR, Json
from outlast.runs.record import AT_WORK, WAITING, RunRecord, differs
from outlast.runs.told import emailed, posted

OUTCOME = "outcome"
"""Stands in the table of transitions for the state that the record names as its outcome."""
UNDONE = ("snapshot", MIRROR)
"""Write modes whose failed runs are undone."""
UNDER_WAY = (*WAITING, *AT_WORK)
_FRESH: Json = {"outcome": None, "compensations": 0, "failure": None, "receipt": None, "waived": None}
"""The members that tell of the end which a redrive takes back."""


def move(record: RunRecord, change: RunChange, to: str) -> RunRecord:
    return record.changed(state=to, wrote=record.status.wrote or to == "storing")


def read(record: RunRecord, change: RunChange, to: str) -> RunRecord:
    begun_before = record.status.state not in (*WAITING, "accepted", "reading")
    return record.changed(state=to, attempt=record.status.attempt + begun_before)


def plan(record: RunRecord, change: RunChange, to: str) -> RunRecord:
    """The time until which the run waits is that of its first plan, however often it is started again."""
    at = change.at or ""
    expires = (datetime.fromisoformat(at) + timedelta(days=record.request.plan_days)).isoformat()
    return record.changed(
        state=to, planned=record.status.planned or {**(change.plan or {}), "at": at, "expires": expires}
    )


def approve(record: RunRecord, change: RunChange, to: str) -> RunRecord:
    status, planned = record.status, record.status.planned or {}
    approved = {"at": change.at, "documents_sha256": planned.get("documents_sha256", "")}
    return record.changed(state=to, attempt=status.attempt + 1, earlier=status.attempt, approved=approved)


def record_receipt(record: RunRecord, change: RunChange, to: str) -> RunRecord:
    """The first receipt stays: a repeat counts the same rows, but later. A revision has a receipt of its own."""
    before = record.result.receipt
    stays = before is not None and before.get("revision", 0) >= record.status.revision
    return record.changed(receipt=before if stays else change.receipt)


def complete(record: RunRecord, change: RunChange, to: str) -> RunRecord:
    """A verification that found a difference is told as a failure is, too. The run is completed all the same."""
    if record.status.state == to:
        return record
    endings = (to, "failed") if differs(record.result.receipt) else (to,)
    return record.changed(state=to, pending=[*emailed(record, change, *endings), *posted(change)])


def fail(record: RunRecord, change: RunChange, to: str) -> RunRecord:
    """The fence: from here on every activity of the run's work stops. The first failure stays, and so does an end."""
    return _fence(record, change, change.outcome or "failed") if record.status.state in UNDER_WAY else record


def compensate(record: RunRecord, change: RunChange, to: str) -> RunRecord:
    """Count the compensation, unless nothing is left to be done. What nobody can send is not pending. The webhook is
    from the first compensation on, because not everybody who ends a run knows whether there is one."""
    if not record.open:
        return record
    can = {"email": change.can_email, "webhook": change.can_post}
    begins = record.status.state == "failing" and not record.status.compensations
    steps = dict.fromkeys([*record.status.pending, *(posted(change) if begins else [])])
    pending = [step for step in steps if can.get(step, True)]
    return record.changed(compensations=record.status.compensations + 1, pending=pending)


def _fence(record: RunRecord, change: RunChange, outcome: str) -> RunRecord:
    """A run that had been completed stays so, and nothing of it is undone."""
    email = emailed(record, change, outcome)
    if record.status.was_completed:
        return record.changed(state="failing", outcome="completed", failure=change.failure, pending=email)
    undo = ["undo"] if record.request.mode in UNDONE and record.status.wrote else []
    return record.changed(state="failing", outcome=outcome, failure=change.failure, pending=[*undo, *email])


def cancel(record: RunRecord, change: RunChange, to: str) -> RunRecord | None:
    if record.status.outcome == "cancelled":
        return record
    return _fence(record, change, "cancelled") if record.status.state in UNDER_WAY else None


def finish_step(record: RunRecord, change: RunChange, to: str) -> RunRecord:
    return record.changed(pending=[step for step in record.status.pending if step != change.step])


def find_published(record: RunRecord, change: RunChange, to: str) -> RunRecord | None:
    if record.status.state == to:
        return record
    if "undo" not in record.status.pending or not record.result.receipt:
        return None
    pending = [*emailed(record, change, to), *posted(change)]
    return record.changed(state=to, pending=pending, failure=None, outcome=None)


def close(record: RunRecord, change: RunChange, to: str) -> RunRecord:
    return record.changed(state=record.status.outcome or "failed") if to == OUTCOME else record


def restart(record: RunRecord, change: RunChange, to: str) -> RunRecord:
    return record.changed(state=to, attempt=record.status.attempt + 1)


def take_over(record: RunRecord, change: RunChange, to: str) -> RunRecord:
    """The attempt is counted, so that an orchestration that is left with the former owner is fenced."""
    begins_again = record.status.state in UNDER_WAY
    return record.changed(state=to, owner=change.owner, attempt=record.status.attempt + begins_again)


def waive(record: RunRecord, change: RunChange, to: str) -> RunRecord:
    if not record.status.pending:
        return record
    return record.changed(pending=[], waived={"steps": record.status.pending, "reason": change.reason})


def redrive(record: RunRecord, change: RunChange, to: str) -> RunRecord:
    """What was generated and stored counts on. Of a snapshot that was undone nothing is stored; with `regenerate`
    nothing is generated either."""
    status, attempt, options = record.status, record.status.attempt + 1, change.options or {}
    undone = record.request.mode == "snapshot" and status.wrote
    again = record.changed(
        state=to,
        attempt=attempt,
        earlier=status.attempt,
        parts=attempt if change.regenerate else status.parts,
        marks=attempt if change.regenerate or undone else status.marks,
        redriven={"attempt": attempt, "at": change.at, "options": options, "regenerate": change.regenerate},
        owner=status.owner if change.owner is None else change.owner,
        planned=None if change.regenerate or not status.approved else status.planned,
        approved=None if change.regenerate else status.approved,
        **_FRESH,
    )
    return replace(again, request=replace(record.request, **options))


def revise(record: RunRecord, change: RunChange, to: str) -> RunRecord | None:
    """The next attempt does what is not done: what was generated and stored counts on. The receipt stays until the
    revision has its own. A correction makes another plan, so the plan of such a run is approved again."""
    status, more = record.status, [] if change.correction is None else [change.correction]
    if record.open:
        return None
    revised = record.changed(
        state=to,
        attempt=status.attempt + 1,
        earlier=status.attempt,
        revision=status.revision + 1,
        was_completed=status.state == "completed",
        corrections=[*status.corrections, *more],
        owner=status.owner if change.owner is None else change.owner,
        planned=None if more else status.planned,
        approved=None if more else status.approved,
        outcome=None,
        compensations=0,
        failure=None,
    )
    return replace(revised, request=replace(record.request, verify=change.level or record.request.verify))


def revoke_links(record: RunRecord, change: RunChange, to: str) -> RunRecord:
    return record.changed(link_version=record.status.link_version + 1)
