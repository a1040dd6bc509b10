"""Every change of a run's state, in one table.

`TABLE` says to which state an event leads from each state; an event is refused from a state that it does not name. The
functions of `effects` say what else of the record an event changes. Nothing here does I/O, and whoever changes a record
(`advance_run`, `publish_report`, `send_email`, the sweep, the endpoints that cancel, approve, waive, redrive, correct,
verify and take over) does it by `apply`.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum

from outlast.calls import RunChange
from outlast.errors import Permanent
from outlast.models import Json
from outlast.runs import effects
from outlast.runs.effects import OUTCOME, UNDER_WAY
from outlast.runs.events import noted
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
    REVOKE_LINKS = "revoke_links"
    """A person revokes the links that were given of the run."""


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
    Event.VERIFY: dict.fromkeys(("storing", "verifying"), "verifying"),
    Event.PUBLISH: dict.fromkeys(("storing", "verifying", "publishing"), "publishing"),
    Event.RECORD_RECEIPT: {"publishing": "publishing"},
    Event.COMPLETE: dict.fromkeys(("publishing", "completed"), "completed"),
    Event.FAIL: {**dict.fromkeys((*UNDER_WAY, "failing"), "failing"), **_STAY_ENDED},
    Event.COMPENSATE: {"failing": "failing", **_STAY_ENDED},
    Event.CANCEL: {**dict.fromkeys((*UNDER_WAY, "failing"), "failing"), "cancelled": "cancelled"},
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
    Event.CORRECT: dict.fromkeys(("completed", "failed"), "queued"),
    Event.REVERIFY: {"completed": "queued"},
    Event.REVOKE_LINKS: {state: state for state in (*UNDER_WAY, "failing", *_STAY_ENDED)},
}


class NotAllowed(Permanent):
    """The event is refused in the state or attempt in which the run is."""


def apply(record: RunRecord, change: RunChange) -> RunRecord:
    """The record after the event; raise NotAllowed where it is refused, Stale where the record is behind the event.

    An event repeated in the state to which it leads changes nothing, so that a repeated activity does no harm.
    """
    event, status = Event(change.event), record.status
    to = TABLE[event].get(status.state) if status.attempt == change.attempt else None
    after = _EFFECTS.get(event, effects.move)(record, change, to) if to else _taken_over(record, change)
    if after is None:
        refuse_stale(record, change.attempt, TABLE[event])
        raise NotAllowed(
            f"run {record.id} is {status.state} in attempt {status.attempt}; '{event}' of attempt {change.attempt} "
            "is refused: see GET /api/runs/{run} for what became of it"
        )
    keeps_totals = change.totals is not None and status.state not in ENDED and not _is_behind(record, change.totals)
    return noted(record, after.changed(totals=change.totals) if keeps_totals else after, change)


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


_EFFECTS: Mapping[Event, Callable[[RunRecord, RunChange, str], RunRecord | None]] = {
    Event.READ: effects.read,
    Event.PLAN: effects.plan,
    Event.APPROVE: effects.approve,
    Event.RECORD_RECEIPT: effects.record_receipt,
    Event.COMPLETE: effects.complete,
    Event.FAIL: effects.fail,
    Event.COMPENSATE: effects.compensate,
    Event.CANCEL: effects.cancel,
    Event.FINISH_STEP: effects.finish_step,
    Event.FIND_PUBLISHED: effects.find_published,
    Event.CLOSE: effects.close,
    Event.RESTART: effects.restart,
    Event.TAKE_OVER: effects.take_over,
    Event.WAIVE: effects.waive,
    Event.REDRIVE: effects.redrive,
    Event.CORRECT: effects.revise,
    Event.REVERIFY: effects.revise,
    Event.REVOKE_LINKS: effects.revoke_links,
}
