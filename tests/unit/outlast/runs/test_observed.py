"""The events that follow from changes of a run's record."""

import asyncio
import json
import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from outlast.calls import RunChange
from outlast.runs.observed import ObservedRuns, told
from outlast.runs.record import RunRecord
from outlast.runs.transitions import Event, apply
from tests.fakes.clock import START
from tests.fakes.records import altered, make_record
from tests.fakes.runs import FakeRuns

TOTALS = {"rows": 12, "rejected": 2, "documents": 10, "ru": 99.999, "throttled": 3}
RECEIPT = {"rows_read": 12, "rows_rejected": 2, "documents_written": 10, "request_units": 100.0, "chunks": 1}


class Time:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> Any:
        return self.now


def lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """Return the events that were logged."""
    return [json.loads(record.getMessage()) for record in caplog.records if record.name == "outlast.events"]


def step(event: Event, attempt: int = 1, **more: Any) -> Callable[[RunRecord], RunRecord]:
    """An edit of a record by one event."""
    return lambda found: apply(found, RunChange(found.id, attempt, event, **more))


def test_a_run_is_told_from_its_start_to_its_end(caplog: pytest.LogCaptureFixture) -> None:
    """A run that completes has one event for its start, one for each phase that begins, and one for its end."""
    time = Time()

    async def live() -> None:
        runs = ObservedRuns(FakeRuns(time), time)
        record = make_record()
        await runs.create(altered(record, state="accepted"))
        for event in (Event.READ, Event.GENERATE, Event.RESOLVE, Event.STORE, Event.PUBLISH):
            time.now += timedelta(seconds=2)
            await runs.change(record.id, step(event, totals=TOTALS))
            await runs.change(record.id, step(event, totals=TOTALS))
        await runs.change(record.id, step(Event.RECORD_RECEIPT, receipt=RECEIPT))
        await runs.change(record.id, step(Event.COMPLETE))

    with caplog.at_level(logging.INFO):
        asyncio.run(live())
    found = lines(caplog)
    assert [one["event"] for one in found] == ["run_accepted", *["run_phase"] * 5, "run_ended"]
    phases = found[1:-1]
    assert [one["begun"] for one in phases] == ["reading", "generating", "resolving", "storing", "publishing"]
    assert [one["ended"] for one in phases] == ["accepted", "reading", "generating", "resolving", "storing"]
    assert [one["seconds"] for one in phases] == [2.0] * 5
    assert [one["queue_wait"] for one in phases] == [2.0, None, None, None, None]
    assert phases[-1]["request_units"] == 100.0
    end = found[-1]
    assert (end["state"], end["ended"], end["rows"], end["rejected"], end["chunks"]) == (
        "completed",
        "publishing",
        12,
        2,
        1,
    )
    assert (end["seconds"], end["phase_seconds"]) == (10.0, 0.0)


def changed(before: RunRecord, event: Event, **more: Any) -> list[tuple[str, dict[str, Any]]]:
    """Return the events of one change."""
    after = step(event, before.status.attempt, **more)(before)
    return list(told(before, after, START))


def test_a_failure_is_told_without_its_text() -> None:
    """A run that fails begins the phase failing and has its email pending; no event has the failure's text."""
    failure = {"step": "generate_report", "chunk": 3, "text": "the value 4711 is wrong"}
    before = altered(make_record(), state="generating", totals=TOTALS)
    found = changed(before, Event.FAIL, failure=failure, totals=TOTALS)
    assert [name for name, _ in found] == ["run_phase", "step_pending"]
    failing = step(Event.FAIL, failure=failure, totals=TOTALS)(before)
    sent = changed(failing, Event.FINISH_STEP, step="email")
    assert sent == [("step_ended", {"step": "email", "how": "done"})]
    [(name, fields)] = changed(step(Event.FINISH_STEP, step="email")(failing), Event.CLOSE)
    assert (name, fields["state"], fields["step"], fields["chunk"]) == ("run_ended", "failed", "generate_report", 3)
    assert (fields["rows"], fields["documents"]) == (12, 0)
    assert "4711" not in json.dumps([found, sent, fields])


def test_a_step_ends_in_four_ways() -> None:
    """A pending step is done, waived by a person, dropped because nobody can send it, or needless once published."""
    ended = altered(make_record(), state="failed", outcome="failed", pending=["email"])
    assert changed(ended, Event.WAIVE, reason="told by phone")[0][1]["how"] == "waived"
    assert changed(ended, Event.COMPENSATE, can_email=False)[0][1]["how"] == "dropped"
    undoing = altered(make_record(), state="failing", outcome="failed", pending=["undo"], receipt=RECEIPT)
    assert changed(undoing, Event.FIND_PUBLISHED)[0] == ("step_ended", {"step": "undo", "how": "published"})
    assert changed(undoing, Event.FINISH_STEP, step="undo")[0][1]["how"] == "done"


@pytest.mark.parametrize(("equal", "missing", "result"), [(9, 0, "equal"), (8, 1, "differs")])
def test_a_verification_is_told(equal: int, missing: int, result: str) -> None:
    """A run that completes with a verification tells its result before its end, without naming a document."""
    shown = {"documents": 9, "equal": equal, "different": 0, "missing": missing, "differences": [{"id": "4711"}]}
    before = altered(make_record(), state="publishing", receipt={**RECEIPT, "verified": shown})
    (told_of, fields), (ended, _) = changed(before, Event.COMPLETE)[-2:]
    assert (told_of, ended) == ("verification", "run_ended")
    assert fields == {"result": result, "expected": 9, "found": equal}


def test_a_next_attempt_is_told() -> None:
    """A run that begins again is told with the state from which it goes on."""
    before = altered(make_record(), state="storing")
    found = changed(before, Event.RESTART)
    assert found[0] == ("run_restarted", {"state": "accepted"})


def test_what_changes_nothing_is_not_told(caplog: pytest.LogCaptureFixture) -> None:
    """A repeated event, and a record that was there before, are not told."""

    async def live() -> None:
        runs = ObservedRuns(FakeRuns(), lambda: START)
        record = altered(make_record(), state="generating")
        await runs.create(record)
        caplog.clear()
        await runs.create(record)
        await runs.change(record.id, step(Event.GENERATE))

    with caplog.at_level(logging.INFO):
        asyncio.run(live())
    assert lines(caplog) == []


def test_a_record_from_before_has_no_seconds() -> None:
    """A record of a release that did not note since when a state lasts gives null."""
    before = altered(make_record(), state="reading", since=None)
    [(_, fields)] = changed(before, Event.GENERATE)
    assert fields["seconds"] is None
