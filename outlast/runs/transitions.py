"""Every change of a run's state, in one table.

`TABLE` says to which state an event leads from each state; an event is refused from a state that it does not name. The
functions below say what else of the record an event changes. Nothing here does I/O, and whoever changes a record
(`advance_run`, `publish_report`, `send_email`, the sweep, the endpoints that cancel, waive, redrive, correct, verify
and take over) does it by `apply`.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import StrEnum

from outlast.calls import RunChange
from outlast.errors import Permanent
from outlast.models import Json
from outlast.runs.events import noted
from outlast.runs.record import AT_WORK, ENDED, OUTCOMES, RunRecord, differs
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
    STORE = "store"
    VERIFY = "verify"
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
    CORRECT = "correct"
    """A person has corrected rejected rows of an ended run: they are done in the next attempt."""
    REVERIFY = "reverify"
    """A person lets a completed run be verified, in its next attempt."""


OUTCOME = "outcome"
"""Stands in the table for the state that the record names as its outcome."""
_UNDER_WAY = ("queued", *AT_WORK)
_STAY_ENDED = {state: state for state in ("completed", *OUTCOMES)}

TABLE: Mapping[Event, Mapping[str, str]] = {
    Event.ADMIT: {"queued": "accepted", "accepted": "accepted"},
    Event.READ: {"queued": "queued", **dict.fromkeys(AT_WORK, "reading")},
    Event.GENERATE: dict.fromkeys(("reading", "generating"), "generating"),
    Event.COMBINE: dict.fromkeys(("generating", "combining"), "combining"),
    Event.RESOLVE: dict.fromkeys(("generating", "combining", "resolving"), "resolving"),
    Event.STORE: dict.fromkeys(("resolving", "storing"), "storing"),
    Event.VERIFY: dict.fromkeys(("storing", "verifying"), "verifying"),
    Event.PUBLISH: dict.fromkeys(("storing", "verifying", "publishing"), "publishing"),
    Event.RECORD_RECEIPT: {"publishing": "publishing"},
    Event.COMPLETE: dict.fromkeys(("publishing", "completed"), "completed"),
    Event.FAIL: {**dict.fromkeys((*_UNDER_WAY, "failing"), "failing"), **_STAY_ENDED},
    Event.COMPENSATE: {"failing": "failing", **_STAY_ENDED},
    Event.CANCEL: {**dict.fromkeys((*_UNDER_WAY, "failing"), "failing"), "cancelled": "cancelled"},
    Event.FINISH_STEP: {"failing": "failing", **_STAY_ENDED},
    Event.FIND_PUBLISHED: dict.fromkeys(("failing", "completed", *OUTCOMES), "completed"),
    Event.CLOSE: {"failing": OUTCOME, **_STAY_ENDED},
    Event.RESTART: {"queued": "queued", **dict.fromkeys(AT_WORK, "accepted")},
    Event.TAKE_OVER: {"queued": "queued", **dict.fromkeys(AT_WORK, "accepted"), "failing": "failing", **_STAY_ENDED},
    Event.WAIVE: _STAY_ENDED,
    Event.REDRIVE: {"failed": "queued", "cancelled": "queued"},
    Event.CORRECT: dict.fromkeys(("completed", "failed"), "queued"),
    Event.REVERIFY: {"completed": "queued"},
}


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
    return noted(record, after.changed(totals=change.totals) if keeps_totals else after, change)


def _is_behind(record: RunRecord, totals: Json) -> bool:
    """Whether a failing run knows of more rows: an orchestration that was started once more has counted none."""
    return record.status.state == "failing" and totals.get("rows", 0) < (record.result.totals or {}).get("rows", 0)


def _taken_over(record: RunRecord, change: RunChange) -> RunRecord | None:
    """A repeated READ that has begun the next attempt asks again with the attempt that it knows."""
    state = (record.status.state, record.status.attempt)
    return record if change.event == Event.READ and state == ("reading", change.attempt + 1) else None


def _move(record: RunRecord, change: RunChange, to: str) -> RunRecord:
    return record.changed(state=to, wrote=record.status.wrote or to == "storing")


def _read(record: RunRecord, change: RunChange, to: str) -> RunRecord:
    begun_before = record.status.state not in ("queued", "accepted", "reading")
    return record.changed(state=to, attempt=record.status.attempt + begun_before)


def _record_receipt(record: RunRecord, change: RunChange, to: str) -> RunRecord:
    """The first receipt stays: a repeat counts the same rows, but later. A revision has a receipt of its own."""
    before = record.result.receipt
    stays = before is not None and before.get("revision", 0) >= record.status.revision
    return record.changed(receipt=before if stays else change.receipt)


def _complete(record: RunRecord, change: RunChange, to: str) -> RunRecord:
    """A verification that found a difference is told by an email. The run is completed all the same."""
    after = record.changed(state=to)
    if record.status.state == to or not change.can_email or not differs(record.result.receipt):
        return after
    return after.changed(pending=["email"])


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
    """A run that had been completed stays so, and nothing of it is undone."""
    email = ["email"] if outcome == "failed" and change.can_email else []
    if record.status.was_completed:
        return record.changed(state="failing", outcome="completed", failure=change.failure, pending=email)
    undo = ["undo"] if record.request.mode == "snapshot" and record.status.wrote else []
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
        **_FRESH,
    )
    return replace(again, request=replace(record.request, **options))


def _revise(record: RunRecord, change: RunChange, to: str) -> RunRecord | None:
    """The next attempt does what is not done: what was generated and stored counts on. The receipt stays until the
    revision has its own."""
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
        outcome=None,
        compensations=0,
        failure=None,
    )
    return replace(revised, request=replace(record.request, verify=change.level or record.request.verify))


_FRESH: Json = {"outcome": None, "compensations": 0, "failure": None, "receipt": None, "waived": None}
"""The members that tell of the end which a redrive takes back."""
_EFFECTS: Mapping[Event, Callable[[RunRecord, RunChange, str], RunRecord | None]] = {
    Event.READ: _read,
    Event.RECORD_RECEIPT: _record_receipt,
    Event.COMPLETE: _complete,
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
    Event.CORRECT: _revise,
    Event.REVERIFY: _revise,
}
