"""Every change of a run's state, in one table.

`TABLE` says to which state an event leads from each state; an event is refused from a state that it does not name. The
functions below say what else of the record an event changes. Nothing here does I/O, and whoever changes a record
(`advance_run`, `publish_report`, `send_email`, the sweep, the endpoints that cancel, approve, waive, redrive and take
over) does it by `apply`.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from outlast.calls import RunChange
from outlast.errors import Permanent
from outlast.models import MIRROR, Json
from outlast.runs.record import AT_WORK, ENDED, OUTCOMES, WAITING, RunRecord
from outlast.runs.stale import refuse_stale


class Event(StrEnum):
    """What happens to a run."""

    ADMIT = "admit"
    """The run has a seat: it may begin."""
    READ = "read"
    """An orchestration begins. Where one had begun before, the run goes on as its next attempt."""
    GENERATE = "generate"
    COMBINE = "combine"
    """All rows of a grouped report are added into groups; the groups become documents."""
    RESOLVE = "resolve"
    PLAN = "plan"
    """The run waits for a person to approve its plan."""
    APPROVE = "approve"
    """A person lets a planned run store what its plan says, as its next attempt."""
    STORE = "store"
    DELETE = "delete"
    """A mirror report deletes what is gone from its input."""
    PUBLISH = "publish"
    RECORD_RECEIPT = "record_receipt"
    COMPLETE = "complete"
    FAIL = "fail"
    """The run fails; its compensation is pending."""
    COMPENSATE = "compensate"
    """A compensation begins."""
    CANCEL = "cancel"
    FINISH_STEP = "finish_step"
    """A step of the compensation is done."""
    FIND_PUBLISHED = "find_published"
    """The undo found that the run is published: readers may have it, so it is completed."""
    CLOSE = "close"
    RESTART = "restart"
    """The sweep starts the next attempt."""
    TAKE_OVER = "take_over"
    """Another app or task hub does the work from now on, as the next attempt."""
    WAIVE = "waive"
    """A person ends what is pending without its being done."""
    REDRIVE = "redrive"
    """A person lets a failed or cancelled run do what it has not done, as its next attempt."""


OUTCOME = "outcome"
"""Stands in the table for the state that the record names as its outcome."""
_UNDER_WAY = (*WAITING, *AT_WORK)
_STAY_ENDED = {state: state for state in ("completed", *OUTCOMES)}

TABLE: Mapping[Event, Mapping[str, str]] = {
    Event.ADMIT: {"queued": "accepted", "accepted": "accepted"},
    Event.READ: {**{state: state for state in WAITING}, **dict.fromkeys(AT_WORK, "reading")},
    Event.GENERATE: dict.fromkeys(("reading", "generating"), "generating"),
    Event.COMBINE: dict.fromkeys(("generating", "combining"), "combining"),
    Event.RESOLVE: dict.fromkeys(("generating", "combining", "resolving"), "resolving"),
    Event.PLAN: dict.fromkeys(("resolving", "planned"), "planned"),
    Event.APPROVE: {"planned": "queued"},
    Event.STORE: dict.fromkeys(("resolving", "storing"), "storing"),
    Event.DELETE: {"storing": "storing"},
    Event.PUBLISH: dict.fromkeys(("storing", "publishing"), "publishing"),
    Event.RECORD_RECEIPT: {"publishing": "publishing"},
    Event.COMPLETE: dict.fromkeys(("publishing", "completed"), "completed"),
    Event.FAIL: {**dict.fromkeys((*_UNDER_WAY, "failing"), "failing"), **_STAY_ENDED},
    Event.COMPENSATE: {"failing": "failing", **_STAY_ENDED},
    Event.CANCEL: {**dict.fromkeys((*_UNDER_WAY, "failing"), "failing"), "cancelled": "cancelled"},
    Event.FINISH_STEP: {"failing": "failing", **_STAY_ENDED},
    Event.FIND_PUBLISHED: dict.fromkeys(("failing", "completed", *OUTCOMES), "completed"),
    Event.CLOSE: {"failing": OUTCOME, **_STAY_ENDED},
    Event.RESTART: {**dict.fromkeys(WAITING, "queued"), **dict.fromkeys(AT_WORK, "accepted")},
    Event.TAKE_OVER: {
        **dict.fromkeys(WAITING, "queued"),
        **dict.fromkeys(AT_WORK, "accepted"),
        "failing": "failing",
        **_STAY_ENDED,
    },
    Event.WAIVE: _STAY_ENDED,
    Event.REDRIVE: {"failed": "queued", "cancelled": "queued"},
}


UNDONE = ("snapshot", MIRROR)
"""Write modes whose failed runs are undone."""


class NotAllowed(Permanent):
    """The event is refused in the state or attempt in which the run is."""


def apply(record: RunRecord, change: RunChange) -> RunRecord:
    """The record after the event; raise NotAllowed where it is refused, Stale where the record is behind the event.

    An event repeated in the state to which it leads changes nothing, so that a repeated activity does no harm.
    """
    event, status = Event(change.event), record.status
    to = TABLE[event].get(status.state) if status.attempt == change.attempt else None
    after = _EFFECTS.get(event, _move)(record, change, to) if to else _taken_over(record, change)
    if after is None:
        refuse_stale(record, change.attempt, TABLE[event])
        raise NotAllowed(
            f"run {record.id} is {status.state} in attempt {status.attempt}; '{event}' of attempt {change.attempt} "
            "is refused: see GET /api/runs/{run} for what became of it"
        )
    keeps_totals = change.totals is not None and status.state not in ENDED and not _is_behind(record, change.totals)
    return after.changed(totals=change.totals) if keeps_totals else after


def _is_behind(record: RunRecord, totals: Json) -> bool:
    """Whether a failing or planned run knows of more rows: an orchestration that was started again has counted none."""
    return record.status.state in ("failing", "planned") and totals.get("rows", 0) < (record.result.totals or {}).get(
        "rows", 0
    )


def _taken_over(record: RunRecord, change: RunChange) -> RunRecord | None:
    """A READ that asks with the attempt that it knows: a repeat that has begun the next attempt, or the orchestration
    of a planned run that was approved since."""
    is_next = record.status.attempt == change.attempt + 1 and record.status.state in ("queued", "accepted", "reading")
    return record if change.event == Event.READ and is_next else None


def _move(record: RunRecord, change: RunChange, to: str) -> RunRecord:
    return record.changed(state=to, wrote=record.status.wrote or to == "storing")


def _read(record: RunRecord, change: RunChange, to: str) -> RunRecord:
    begun_before = record.status.state not in (*WAITING, "accepted", "reading")
    return record.changed(state=to, attempt=record.status.attempt + begun_before)


def _plan(record: RunRecord, change: RunChange, to: str) -> RunRecord:
    """The time until which the run waits is that of its first plan, however often it is started again."""
    at = change.at or ""
    expires = (datetime.fromisoformat(at) + timedelta(days=record.request.plan_days)).isoformat()
    return record.changed(
        state=to, planned=record.status.planned or {**(change.plan or {}), "at": at, "expires": expires}
    )


def _approve(record: RunRecord, change: RunChange, to: str) -> RunRecord:
    status, planned = record.status, record.status.planned or {}
    approved = {"at": change.at, "documents_sha256": planned.get("documents_sha256", "")}
    return record.changed(state=to, attempt=status.attempt + 1, earlier=status.attempt, approved=approved)


def _record_receipt(record: RunRecord, change: RunChange, to: str) -> RunRecord:
    """The first receipt stays: a repeat counts the same rows, but later."""
    return record.changed(receipt=record.result.receipt or change.receipt)


def _fail(record: RunRecord, change: RunChange, to: str) -> RunRecord:
    """The fence: from here on every activity of the run's work stops. The first failure stays, and so does an end."""
    return _fence(record, change, change.outcome or "failed") if record.status.state in _UNDER_WAY else record


def _compensate(record: RunRecord, change: RunChange, to: str) -> RunRecord:
    """Count the compensation, unless nothing is left to be done. An email that nobody can send is not pending."""
    if not record.open:
        return record
    pending = [step for step in record.status.pending if change.can_email or step != "email"]
    return record.changed(compensations=record.status.compensations + 1, pending=pending)


def _fence(record: RunRecord, change: RunChange, outcome: str) -> RunRecord:
    undo = ["undo"] if record.request.mode in UNDONE and record.status.wrote else []
    email = ["email"] if outcome == "failed" and change.can_email else []
    return record.changed(state="failing", outcome=outcome, failure=change.failure, pending=[*undo, *email])


def _cancel(record: RunRecord, change: RunChange, to: str) -> RunRecord | None:
    if record.status.outcome == "cancelled":
        return record
    return _fence(record, change, "cancelled") if record.status.state in _UNDER_WAY else None


def _finish_step(record: RunRecord, change: RunChange, to: str) -> RunRecord:
    return record.changed(pending=[step for step in record.status.pending if step != change.step])


def _find_published(record: RunRecord, change: RunChange, to: str) -> RunRecord | None:
    if record.status.state == to:
        return record
    if "undo" not in record.status.pending or not record.result.receipt:
        return None
    return record.changed(state=to, pending=[], failure=None, outcome=None)


def _close(record: RunRecord, change: RunChange, to: str) -> RunRecord:
    return record.changed(state=record.status.outcome or "failed") if to == OUTCOME else record


def _restart(record: RunRecord, change: RunChange, to: str) -> RunRecord:
    return record.changed(state=to, attempt=record.status.attempt + 1)


def _take_over(record: RunRecord, change: RunChange, to: str) -> RunRecord:
    """The attempt is counted, so that an orchestration that is left with the former owner is fenced."""
    begins_again = record.status.state in _UNDER_WAY
    return record.changed(state=to, owner=change.owner, attempt=record.status.attempt + begins_again)


def _waive(record: RunRecord, change: RunChange, to: str) -> RunRecord:
    if not record.status.pending:
        return record
    return record.changed(pending=[], waived={"steps": record.status.pending, "reason": change.reason})


def _redrive(record: RunRecord, change: RunChange, to: str) -> RunRecord:
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


_FRESH: Json = {"outcome": None, "compensations": 0, "failure": None, "receipt": None, "waived": None}
"""The members that tell of the end which a redrive takes back."""
_EFFECTS: Mapping[Event, Callable[[RunRecord, RunChange, str], RunRecord | None]] = {
    Event.READ: _read,
    Event.PLAN: _plan,
    Event.APPROVE: _approve,
    Event.RECORD_RECEIPT: _record_receipt,
    Event.FAIL: _fail,
    Event.COMPENSATE: _compensate,
    Event.CANCEL: _cancel,
    Event.FINISH_STEP: _finish_step,
    Event.FIND_PUBLISHED: _find_published,
    Event.CLOSE: _close,
    Event.RESTART: _restart,
    Event.TAKE_OVER: _take_over,
    Event.WAIVE: _waive,
    Event.REDRIVE: _redrive,
}
