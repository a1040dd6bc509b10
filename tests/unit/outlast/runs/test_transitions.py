from itertools import product
from pathlib import Path
from typing import Any

import pytest

from outlast.calls import RunChange
from outlast.errors import Permanent
from outlast.runs.effects import OUTCOME
from outlast.runs.record import ENDED, OUTCOMES, STATES, RunRecord
from outlast.runs.stale import Stale
from outlast.runs.transitions import TABLE, Event, NotAllowed, apply
from tests.fakes.records import altered, make_record

ALL = (*STATES, "failing", *OUTCOMES)
DOCS = Path(__file__).parents[4] / "docs"
PAGE = DOCS / "run-states.md"
FAILURE = {"step": "store_data_to_db", "chunk": 3, "text": "no"}
RECEIPT = {"rows_read": 7}


BY_A_PERSON = (Event.CORRECT, Event.REVERIFY)


def record_in(state: str, **fields: Any) -> RunRecord:
    """Return a record in this state, with an outcome if the run fails or has ended badly."""
    outcome = state if state in OUTCOMES else "failed" if state == "failing" else None
    return make_record(**{"state": state, "outcome": outcome, **fields})


def happen(record: RunRecord, event: str, attempt: int | None = None, **fields: Any) -> RunRecord:
    given = {"at": "2026-01-01T00:00:00+00:00", **fields}
    return apply(record, RunChange("r1", record.status.attempt if attempt is None else attempt, event, **given))


@pytest.mark.parametrize(("state", "event"), list(product(ALL, Event)))
def test_each_event_leads_from_each_state_where_the_table_says(state: str, event: Event) -> None:
    """An event that the table names leads to its state, and one that it does not name is refused, in every state."""
    record = record_in(state, mode="snapshot", pending=["undo"], receipt=RECEIPT)
    if event is Event.CANCEL and state == "failing":
        record = record_in(state, outcome="cancelled")
    if event in BY_A_PERSON:
        record = record_in(state)
    to = TABLE[event].get(state)
    if to is None:
        with pytest.raises((NotAllowed, Stale), match=f"run r1 (is|was read as) {state} in attempt 1"):
            happen(record, event)
    else:
        assert happen(record, event).status.state == (record.status.outcome if to == OUTCOME else to)


@pytest.mark.parametrize(("state", "event"), list(product(ALL, Event)))
def test_an_event_of_another_attempt_is_refused(state: str, event: Event) -> None:
    """An orchestration that was given up leaves the record of the next attempt alone, in every state."""
    with pytest.raises(NotAllowed, match=f"run r1 is {state} in attempt 3; '{event}' of attempt 1 is refused"):
        happen(record_in(state, attempt=3), event, 1)


@pytest.mark.parametrize(("state", "event"), list(product(ALL, Event)))
def test_an_event_of_a_later_attempt_is_repeated(state: str, event: Event) -> None:
    """An event of a later attempt raises Stale, because the record was read from before that attempt."""
    with pytest.raises(Stale, match=f"run r1 was read as {state} in attempt 3"):
        happen(record_in(state, attempt=3), event, 4)


@pytest.mark.parametrize(
    ("state", "event"),
    [("accepted", Event.STORE), ("generating", Event.PUBLISH), ("storing", Event.CLOSE), ("publishing", "finish_step")],
)
def test_an_event_is_repeated_when_the_record_is_behind_it(state: str, event: Event) -> None:
    """An event that needs a later state than the record's raises Stale."""
    with pytest.raises(Stale):
        happen(record_in(state), event)


@pytest.mark.parametrize(
    ("state", "event"), [("storing", Event.GENERATE), ("completed", Event.STORE), ("failing", "read")]
)
def test_an_event_is_refused_when_the_record_is_ahead_of_it(state: str, event: Event) -> None:
    """An event that needs an earlier state than the record's raises NotAllowed."""
    with pytest.raises(NotAllowed):
        happen(record_in(state), event)


def test_the_page_shows_the_table() -> None:
    """docs/run-states.md has the table of the code, row by row."""
    rows = [f"| `{event}` | {' | '.join(shown(event, state) for state in ALL)} |" for event in Event]
    head = f"| event | {' | '.join(ALL)} |"
    assert "\n".join([head, "|---" * (len(ALL) + 1) + "|", *rows]) in PAGE.read_text("utf-8")


def test_the_manual_has_a_row_for_each_state() -> None:
    """docs/operations.md says of each state what it means and what can be done."""
    manual = (DOCS / "operations.md").read_text("utf-8").partition("## What each state means")[2].partition("\n## ")[0]
    rows = [line.strip("|").split(" | ") for line in manual.splitlines() if line.startswith("| `")]
    assert {row[0].strip(" `"): len(row) for row in rows} == dict.fromkeys(sorted(ALL), 3)


def shown(event: Event, state: str) -> str:
    to = TABLE[event].get(state)
    return "" if to is None else "=" if to == state else to


def test_every_state_is_reached_and_every_end_stays_an_end() -> None:
    """No state is dead, and an ended run changes its state only when its undo finds it published, or a person
    lets it be worked on again."""
    reached = {to for row in TABLE.values() for to in row.values()} - {OUTCOME} | set(OUTCOMES)
    assert reached == set(ALL)
    for event, row in TABLE.items():
        assert all(
            to == state or event in (Event.FIND_PUBLISHED, Event.REDRIVE, *BY_A_PERSON)
            for state, to in row.items()
            if state in ENDED
        )


@pytest.mark.parametrize("state", ["completed", "failed"])
def test_a_corrected_run_is_queued_as_its_next_attempt(state: str) -> None:
    """A correction counts attempt and revision, keeps the receipt, and begins without failure and outcome."""
    record = record_in(state, attempt=4, failure=FAILURE, receipt=RECEIPT, compensations=2, corrections=["001.a"])
    after = happen(record, Event.CORRECT, correction="002.b", by="ann")
    assert (after.status.state, after.status.attempt, after.last_attempt) == ("queued", 5, 8)
    assert (after.status.revision, after.status.corrections) == (1, ["001.a", "002.b"])
    assert (after.status.outcome, after.status.compensations, after.result.failure) == (None, 0, None)
    assert (after.status.was_completed, after.result.receipt) == (state == "completed", RECEIPT)
    assert after.result.events[-1]["by"] == "ann"


@pytest.mark.parametrize("event", [Event.FAIL, Event.CANCEL])
def test_a_run_that_was_completed_stays_completed(event: Event) -> None:
    """What fails or is cancelled after a correction neither undoes the run nor changes its receipt."""
    record = record_in("storing", mode="snapshot", wrote=True, was_completed=True, receipt=RECEIPT)
    failing = happen(record, event, failure=FAILURE, outcome="failed")
    assert (failing.status.outcome, failing.status.pending) == ("completed", ["email"] if event == "fail" else [])
    closed = happen(failing, Event.CLOSE)
    assert (closed.status.state, closed.result.receipt, closed.result.failure) == ("completed", RECEIPT, FAILURE)


@pytest.mark.parametrize("event", BY_A_PERSON)
def test_a_run_with_a_pending_step_is_not_worked_on_again(event: Event) -> None:
    """The compensation of the attempt before comes first."""
    with pytest.raises(NotAllowed):
        happen(record_in("completed", pending=["email"]), event)


def test_a_revision_has_a_receipt_of_its_own() -> None:
    """The first receipt of a revision replaces that of the one before, and a repeat changes nothing."""
    record = record_in("publishing", revision=1, receipt={**RECEIPT, "revision": 0})
    once = happen(record, Event.RECORD_RECEIPT, receipt={"rows_read": 8, "revision": 1})
    assert happen(once, Event.RECORD_RECEIPT, receipt={"rows_read": 9, "revision": 1}) == once
    assert once.result.receipt == {"rows_read": 8, "revision": 1}


def test_an_unknown_event_is_refused() -> None:
    """An event with an unknown name raises ValueError."""
    with pytest.raises(ValueError, match="fly"):
        happen(make_record(), "fly")


def test_an_orchestration_that_begins_again_takes_the_next_attempt() -> None:
    """A READ in a later state counts the attempt once, and its repeat with the old attempt returns the same record."""
    taken = happen(record_in("storing"), Event.READ)
    assert (taken.status.state, taken.status.attempt) == ("reading", 2)
    assert happen(taken, Event.READ, attempt=1) == taken
    with pytest.raises(Permanent):
        happen(taken, Event.GENERATE, attempt=1)


def test_a_first_orchestration_keeps_its_attempt() -> None:
    """Reading an accepted run, once or twice, does not count the attempt."""
    reading = happen(record_in("accepted"), Event.READ)
    assert happen(reading, Event.READ) == reading
    assert reading.status.attempt == 1


@pytest.mark.parametrize("event", [Event.GENERATE, Event.STORE, Event.PUBLISH, Event.COMPLETE, Event.CLOSE])
def test_a_repeated_event_changes_nothing(event: Event) -> None:
    """An event that is applied twice leaves the record as after the first time."""
    state = next(iter(TABLE[event]))
    once = happen(record_in(state), event, totals={"rows": 1})
    assert happen(once, event, totals={"rows": 1}) == once


@pytest.mark.parametrize(
    ("fields", "outcome", "pending"),
    [
        ({}, "failed", ["email"]),
        ({}, "cancelled", []),
        ({"wrote": True}, "failed", ["email"]),
        ({"mode": "snapshot"}, "failed", ["email"]),
        ({"mode": "snapshot", "wrote": True}, "failed", ["undo", "email"]),
        ({"mode": "snapshot", "wrote": True}, "superseded", ["undo"]),
    ],
)
def test_a_failure_records_the_steps_of_its_compensation(
    fields: dict[str, Any], outcome: str, pending: list[str]
) -> None:
    """A failure makes the undo pending for a snapshot that stored, and the email pending for a run that failed."""
    failed = happen(record_in("reading", **fields), Event.FAIL, outcome=outcome, failure=FAILURE, totals={"rows": 7})
    assert (failed.status.outcome, failed.status.pending, failed.status.compensations) == (outcome, pending, 0)
    assert (failed.result.failure, failed.result.totals) == (FAILURE, {"rows": 7})


def test_the_first_failure_stays() -> None:
    """A failure after a cancellation keeps the cancellation's failure and outcome, and brings the newer totals."""
    cancelled = happen(record_in("storing"), Event.CANCEL, failure={"step": "cancel"})
    again = happen(cancelled, Event.FAIL, failure=FAILURE, totals={"rows": 3})
    assert (again.result.failure, again.status.outcome, again.result.totals) == (
        {"step": "cancel"}, "cancelled", {"rows": 3},
    )  # fmt: skip
    assert happen(again, Event.FAIL, failure=FAILURE, totals={"rows": 0}) == again


@pytest.mark.parametrize(
    ("state", "pending", "count"),
    [("failing", [], 1), ("failing", ["email"], 1), ("failed", ["email"], 1), ("failed", [], 0)],
)
def test_a_compensation_is_counted_while_something_is_to_be_done(state: str, pending: list[str], count: int) -> None:
    """The count makes the pauses between two compensations grow."""
    record = record_in(state, pending=pending, outcome="failed", failure=FAILURE)
    assert happen(record, Event.COMPENSATE).changed(events=[]) == altered(record, compensations=count)


@pytest.mark.parametrize(
    "state", ["queued", "accepted", "reading", "generating", "resolving", "planned", "storing", "publishing"]
)
def test_a_run_that_does_not_fail_is_not_compensated(state: str) -> None:
    """Whoever starts a compensation, the record decides whether there is anything to compensate."""
    with pytest.raises(Stale):
        happen(record_in(state), Event.COMPENSATE, failure=FAILURE, outcome="failed", totals={"rows": 1})


def test_an_email_that_nobody_can_send_is_pending_no_more() -> None:
    """A compensation takes the email out of the pending steps if mail is not configured."""
    record = record_in("failing", pending=["undo", "email"])
    assert happen(record, Event.COMPENSATE, can_email=False).status.pending == ["undo"]


def test_a_run_that_fails_for_another_reason_cannot_be_cancelled() -> None:
    """A cancel of a run that is failing for another reason raises NotAllowed."""
    with pytest.raises(NotAllowed):
        happen(record_in("failing", outcome="failed"), Event.CANCEL)


def test_an_email_is_not_pending_where_mail_is_not_configured() -> None:
    """A failed run has no pending email if mail is not configured."""
    failed = happen(record_in("reading"), Event.FAIL, outcome="failed", failure=FAILURE, can_email=False)
    assert failed.status.pending == []


def test_a_person_ends_what_is_pending_and_says_why() -> None:
    """A waived run keeps its steps and the reason in the record, and a repeat changes nothing."""
    waived = happen(record_in("failed", pending=["undo", "email"]), Event.WAIVE, reason="the report is gone")
    assert waived.status.pending == []
    assert waived.result.waived == {"steps": ["undo", "email"], "reason": "the report is gone"}
    assert not waived.open
    assert happen(waived, Event.WAIVE, reason="another") == waived


@pytest.mark.parametrize(("state", "attempt"), [("queued", 2), ("storing", 2), ("failing", 1), ("failed", 1)])
def test_another_owner_takes_a_run_over(state: str, attempt: int) -> None:
    """A run that another owner takes over gets that owner and, if it was under way, its next attempt."""
    taken = happen(record_in(state, owner="a/h@s"), Event.TAKE_OVER, owner="b/h@s")
    assert (taken.status.owner, taken.status.attempt) == ("b/h@s", attempt)


def test_storing_is_remembered_by_every_later_attempt() -> None:
    """A record in which an attempt has stored keeps `wrote` in later attempts."""
    stored = happen(record_in("resolving"), Event.STORE)
    assert happen(stored, Event.RESTART).status.wrote
    assert happen(stored, Event.READ).status.wrote


@pytest.mark.parametrize("state", ["failing", "failed"])
def test_a_step_that_is_done_is_no_longer_pending(state: str) -> None:
    """A step that is done is taken out of the pending steps, and the others stay."""
    record = record_in(state, pending=["undo", "email"])
    assert happen(record, Event.FINISH_STEP, step="undo").status.pending == ["email"]


def test_a_plan_expires_after_its_days_however_often_it_is_made() -> None:
    """A planned run has its plan in short and the time at which it expires, and a later plan changes neither."""
    planned = happen(record_in("resolving", plan=True, plan_days=2), Event.PLAN, plan={"documents_sha256": "ab"})
    assert planned.status.planned == {
        "documents_sha256": "ab",
        "at": "2026-01-01T00:00:00+00:00",
        "expires": "2026-01-03T00:00:00+00:00",
    }
    assert happen(planned, Event.PLAN, plan={}, at="2026-01-02T00:00:00+00:00") == planned


def test_an_approved_run_waits_for_a_seat_as_its_next_attempt() -> None:
    """An approval keeps the hash of what was approved, and the run may begin again by itself as often as a new one."""
    planned = happen(record_in("resolving", attempt=3), Event.PLAN, plan={"documents_sha256": "ab"})
    approved = happen(planned, Event.APPROVE)
    assert (approved.status.state, approved.status.attempt, approved.last_attempt) == ("queued", 4, 7)
    assert (approved.status.approved or {})["documents_sha256"] == "ab"


@pytest.mark.parametrize("state", ["queued", "accepted", "reading"])
def test_an_orchestration_finds_that_its_run_is_the_next_attempt(state: str) -> None:
    """The orchestration of a planned run reads with the attempt that it knows, and learns the one that was approved."""
    record = record_in(state, attempt=2)
    assert happen(record, Event.READ, attempt=1) == record


def test_a_planned_run_keeps_its_totals() -> None:
    """An orchestration that looks at its planned run has counted nothing, and the record keeps what was counted."""
    record = record_in("planned", totals={"rows": 9})
    assert happen(record, Event.READ, totals={"rows": 0}).result.totals == {"rows": 9}


def test_the_first_receipt_stays() -> None:
    """A second receipt does not replace the first one."""
    published = happen(record_in("publishing"), Event.RECORD_RECEIPT, receipt=RECEIPT)
    assert happen(published, Event.RECORD_RECEIPT, receipt={"rows_read": 8}).result.receipt == RECEIPT


@pytest.mark.parametrize("fields", [{"pending": ["email"], "receipt": RECEIPT}, {"pending": ["undo"]}])
def test_only_an_undo_with_a_receipt_finds_a_run_published(fields: dict[str, Any]) -> None:
    """A run without a pending undo or without a receipt cannot be found published."""
    with pytest.raises(NotAllowed):
        happen(record_in("failing", **fields), Event.FIND_PUBLISHED)


def test_a_run_found_published_has_nothing_left_to_compensate() -> None:
    """A run that is found published has neither failure nor outcome nor pending steps."""
    record = record_in("failing", pending=["undo", "email"], receipt=RECEIPT, failure=FAILURE)
    found = happen(record, Event.FIND_PUBLISHED)
    assert (found.status.pending, found.status.outcome, found.result.failure) == ([], None, None)


def test_totals_of_a_run_that_has_ended_stay() -> None:
    """A late event does not change the totals of an ended run."""
    record = record_in("failed", totals={"rows": 9})
    assert happen(record, Event.FAIL, totals={"rows": 1}).result.totals == {"rows": 9}
