from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from outlast.models import MOST_ATTEMPTS
from outlast.runs.instances import InstanceStatus
from outlast.runs.reconcile import MOST_COMPENSATIONS, STUCK, Decision, decide, reason
from tests.fakes.records import make_record

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
PATIENCE = 840.0
FAILED = InstanceStatus("Failed")
WORKING = ("reading", "generating", "resolving", "storing", "publishing")


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def verdict(seen: InstanceStatus, age: float = 0, **fields: Any) -> Decision:
    """Return the decision about a record that was last changed `age` seconds ago."""
    times = {"updated": ago(age).isoformat(), "accepted": ago(age).isoformat()}
    return decide(make_record(**times, **fields), seen, NOW, PATIENCE)


@pytest.mark.parametrize("state", ["accepted", *WORKING, "failing"])
@pytest.mark.parametrize("status", ["Running", "Pending", "ContinuedAsNew"])
def test_what_moves_is_left_alone(state: str, status: str) -> None:
    """A run whose record or orchestration has changed within the patience is left alone."""
    assert verdict(InstanceStatus(status, 1, ago(99_999)), age=PATIENCE, state=state) is Decision.LEAVE
    assert verdict(InstanceStatus(status, 1, ago(PATIENCE)), age=99_999, state=state) is Decision.LEAVE


@pytest.mark.parametrize("state", ["accepted", *WORKING, "failing"])
def test_what_has_not_moved_for_longer_than_an_activity_can_live_is_terminated(state: str) -> None:
    """A run of which nothing has changed for longer than the patience is terminated."""
    assert verdict(InstanceStatus("Running", 1, ago(PATIENCE + 1)), age=PATIENCE + 1, state=state) is Decision.TERMINATE
    assert verdict(InstanceStatus("Running", 1, None), age=PATIENCE + 1, state=state) is Decision.TERMINATE


@pytest.mark.parametrize("state", ["accepted", *WORKING, "failing"])
def test_a_suspended_run_is_left_alone(state: str) -> None:
    """The sweep does nothing to a suspended run, however long it is suspended."""
    assert verdict(InstanceStatus("Suspended", 1, ago(10**7)), age=10**7, state=state) is Decision.LEAVE


def test_a_run_that_was_recorded_and_never_started_is_started() -> None:
    """A run that was accepted more than a minute ago and has no orchestration is started."""
    assert verdict(InstanceStatus(None), age=59) is Decision.LEAVE
    assert verdict(InstanceStatus(None), age=61) is Decision.START


def test_a_next_attempt_that_was_recorded_and_never_started_is_started() -> None:
    """A next attempt that is recorded and has no orchestration is started."""
    assert verdict(InstanceStatus("Failed", 1), attempt=2) is Decision.START
    assert verdict(InstanceStatus("Failed", 2), attempt=2) is Decision.RESTART


@pytest.mark.parametrize("state", ["accepted", *WORKING])
@pytest.mark.parametrize("status", ["Failed", "Completed"])
def test_a_run_whose_orchestration_ended_without_a_word_is_started_again(state: str, status: str) -> None:
    """A run whose orchestration ended without changing the record is restarted, up to the last attempt, and then
    compensated."""
    assert verdict(InstanceStatus(status, 1), state=state) is Decision.RESTART
    assert verdict(InstanceStatus(status, 3), state=state, attempt=3) is Decision.RESTART
    assert verdict(InstanceStatus(status, MOST_ATTEMPTS), state=state, attempt=MOST_ATTEMPTS) is Decision.COMPENSATE


@pytest.mark.parametrize("state", WORKING)
def test_a_run_that_somebody_ended_is_compensated(state: str) -> None:
    """A run that was terminated or purged by an operator is compensated, and one that the sweep terminated is
    restarted."""
    assert verdict(InstanceStatus("Terminated", 1, text="enough"), state=state) is Decision.COMPENSATE
    assert verdict(InstanceStatus(None), state=state) is Decision.COMPENSATE
    assert verdict(InstanceStatus("Terminated", 1, text=STUCK), state=state) is Decision.RESTART


@pytest.mark.parametrize("status", ["Failed", "Terminated", "Completed", None])
def test_a_fenced_run_that_nobody_compensates_is_compensated(status: str | None) -> None:
    """A failing run without an orchestration at work is compensated."""
    assert verdict(InstanceStatus(status), state="failing") is Decision.COMPENSATE


@pytest.mark.parametrize("state", ["failed", "cancelled", "superseded"])
def test_what_is_pending_is_done_later_and_later(state: str) -> None:
    """An ended run with pending steps is compensated two minutes after the first time, and an hour after many times."""
    assert verdict(FAILED, age=119, state=state, pending=["email"], compensations=1) is Decision.LEAVE
    assert verdict(FAILED, age=120, state=state, pending=["email"], compensations=1) is Decision.COMPENSATE
    assert verdict(FAILED, age=3599, state=state, pending=["undo"], compensations=20) is Decision.LEAVE
    assert verdict(FAILED, age=3600, state=state, pending=["undo"], compensations=20) is Decision.COMPENSATE
    assert verdict(FAILED, age=10**7, state=state) is Decision.LEAVE


@pytest.mark.parametrize("state", ["failed", "cancelled", "superseded"])
def test_what_is_pending_waits_for_a_person_after_a_day(state: str) -> None:
    """An ended run with pending steps is not compensated any more after about a day."""
    pauses = [min(60, 2**count) for count in range(1, MOST_COMPENSATIONS)]
    assert 23 * 60 < sum(pauses) < 25 * 60
    pending = {"state": state, "pending": ["email"], "compensations": MOST_COMPENSATIONS}
    assert verdict(FAILED, age=10**7, **pending) is Decision.LEAVE


def test_a_queued_run_is_left_alone_however_long_it_waits() -> None:
    """A queued run whose orchestration waits is left alone, and one without an orchestration is started after a
    minute."""
    waiting = InstanceStatus("Running", 1, ago(10**7), waits=True)
    assert verdict(waiting, age=10**7, state="queued") is Decision.LEAVE
    assert verdict(InstanceStatus(None), age=59, state="queued") is Decision.LEAVE
    assert verdict(InstanceStatus(None), age=61, state="queued") is Decision.START


@pytest.mark.parametrize("state", ["accepted", "failing"])
def test_an_orchestration_that_waits_for_nothing_is_woken(state: str) -> None:
    """An orchestration that waits for a seat although its run is admitted or failing is woken."""
    assert verdict(InstanceStatus("Running", 1, NOW, waits=True), state=state) is Decision.WAKE


@pytest.mark.parametrize(
    ("seen", "text"),
    [
        (InstanceStatus(None), "it was purged"),
        (InstanceStatus("Terminated", text="enough"), "was terminated: enough"),
        (InstanceStatus("Terminated"), "was terminated: no reason was given"),
        (InstanceStatus("Failed", text="python exited with code 9"), "the last time: python exited with code 9"),
    ],
)
def test_people_are_told_why(seen: InstanceStatus, text: str) -> None:
    """The reason for compensating a run says what became of its orchestration."""
    assert text in reason(make_record(), seen)
