import logging
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from orchestrators.compensate_run import compensate_run
from outlast.calls import RunCall, RunChange, RunView
from outlast.durable import CALLS
from outlast.models import Json
from outlast.orchestrations import Compensation
from tests.fakes.clock import START
from tests.fakes.replay import Action, ReplayContext, replay
from tests.unit.orchestrators.telling import tell

FAILURE = {"step": "store_data_to_db", "chunk": 3, "text": "no such container"}
GIVEN = Compensation("r1", 2).to_dict()


VIEW = RunView(2, attempt=2, state="failing", pending=["email"])
FAILED = RunView(2, attempt=2, state="failed", failure=FAILURE)
RUN = RunCall("r1", 2).to_dict()
NOTHING = {"state": None, "failure": None, "receipt": None}


def change(event: str, **more: Any) -> Json:
    return RunChange("r1", 2, event, **more).to_dict()


def compensate(view: RunView = VIEW, ended: RunView = FAILED, **answers: Any) -> tuple[list[Action], Any]:
    """Return what a compensation asks for when activities answer, or raise, this, and what it returns."""
    well = {
        "compensate": view.to_dict(),
        "finish_step": view.to_dict(),
        "send_email": {"sent": True},
        "close": ended.to_dict(),
    }

    def answer(action: Action) -> Any:
        if action.kind == "timer":
            return None
        found = {**well, **answers}[action.given.get("event", action.name)]
        if isinstance(found, Exception):
            raise found
        return found

    asked, returned, _ = tell(compensate_run, GIVEN, answer)
    return asked, returned


def test_a_run_is_fenced_told_of_and_closed() -> None:
    """A compensation fences the run, sends the email, clears that step and closes the record, in this order."""
    (failing, mail, done, compensated), returned = compensate()
    assert failing.given == change("compensate")
    assert (mail.name, mail.given) == ("send_email", RUN)
    assert done.given == change("finish_step", step="email")
    assert compensated.given == change("close")
    assert returned == {"state": "failed", "failure": FAILURE, "receipt": None}


def test_nothing_is_done_that_is_not_pending() -> None:
    """A compensation without pending steps only fences and closes the run."""
    asked, _ = compensate(RunView(2, state="failing"))
    assert [action.given["event"] for action in asked] == ["compensate", "close"]


def test_mail_is_tried_for_long() -> None:
    """The email is tried up to 10 times, and every other activity up to 5 times."""
    assert [action.attempts for action in compensate()[0]] == [5, 10, 5, 5]


@pytest.mark.parametrize("answer", [{"permanent": "refused with 401"}, Exception("Transient: 500")])
def test_a_mail_that_could_not_be_sent_is_still_pending(answer: Any) -> None:
    """A compensation whose email fails leaves the step pending and closes the run."""
    asked, returned = compensate(send_email=answer)
    assert [action.given.get("event") for action in asked] == ["compensate", None, "close"]
    assert returned["state"] == "failed"


@pytest.mark.parametrize("answer", [{"permanent": "run r1 is completed"}, Exception("database gone")])
def test_a_run_that_cannot_be_fenced_is_left_alone(answer: Any) -> None:
    """A compensation whose run cannot be fenced asks for nothing else and does not raise."""
    asked, returned = compensate(compensate=answer)
    assert (len(asked), returned) == (1, NOTHING)


@pytest.mark.parametrize("answer", [{"permanent": "run r1 is completed"}, Exception("database gone")])
def test_a_run_that_cannot_be_closed_does_not_raise(answer: Any) -> None:
    """A compensation whose run cannot be closed returns an empty end and does not raise."""
    asked, returned = compensate(close=answer)
    assert (len(asked), returned) == (4, NOTHING)


def test_a_run_that_is_completed_is_told_so() -> None:
    """A compensation of a run that is completed returns that state with the receipt."""
    completed = RunView(2, state="completed", receipt={"rows_read": 7})
    assert compensate(completed, completed)[1] == {"state": "completed", "failure": None, "receipt": {"rows_read": 7}}


def test_what_goes_wrong_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """A compensation logs what goes wrong once, and its replay logs nothing."""
    context = ReplayContext("r1:2:compensate", GIVEN)
    telling = compensate_run(context)
    record = context.record
    record.ask(lambda: next(telling))
    for answer in (VIEW.to_dict(), {"permanent": "refused with 401"}, {"permanent": "gone"}):
        record.hear(answer)
        with caplog.at_level(logging.ERROR, logger="outlast"):
            record.ask(lambda answer=answer: telling.send(answer))  # type: ignore[misc]
    expected = ["email is still pending for run r1: refused with 401", "run r1 could not be compensated: gone"]
    assert caplog.messages == expected
    replay(compensate_run, "r1:2:compensate", GIVEN, record, [])
    assert caplog.messages == expected


UNDO = RunView(2, attempt=2, state="failing", pending=["undo", "email"])
COMPLETED = RunView(2, state="completed", receipt={"rows_read": 7})


def undo(*answers: Any) -> tuple[list[Action], Any]:
    """Return what a compensation asks for when the undo answers this, call by call, and what it returns."""
    coming = iter(answers)
    view = UNDO

    def answer(action: Action) -> Any:
        nonlocal view
        if action.name in ("undo_report", "send_email"):
            return next(coming) if action.name == "undo_report" else {"sent": True}
        if action.kind == "timer":
            return None
        if action.given["event"] == "find_published":
            view = COMPLETED
        elif action.given["event"] == "finish_step":
            view = replace(view, pending=[step for step in view.pending if step != action.given["step"]])
        elif action.given["event"] == "close" and view is not COMPLETED:
            view = FAILED
        return view.to_dict()

    asked, returned, _ = tell(compensate_run, GIVEN, answer)
    return asked, returned


def undone(cursor: Any, wait: float = 0, published: bool = False) -> dict[str, Any]:
    return {"cursor": cursor, "deleted": 0, "wait": wait, "published": published}


def test_what_was_written_is_undone_when_nothing_can_write_any_more() -> None:
    """A compensation fences the run, waits, deletes in as many calls as it takes, and then sends the email."""
    asked, returned = undo(undone({"deleted": 0}, wait=135), undone({"deleted": 9}), undone(None))
    assert [action.name or action.kind for action in asked] == [
        "advance_run", "undo_report", "timer", "undo_report", "undo_report", "advance_run",
        "send_email", "advance_run", "advance_run",
    ]  # fmt: skip
    assert [a.given["cursor"] for a in asked if a.name == "undo_report"] == [None, {"deleted": 0}, {"deleted": 9}]
    assert asked[2].given == (START + timedelta(seconds=135)).isoformat()
    assert returned["state"] == "failed"


def test_a_run_that_was_published_before_the_fence_is_completed() -> None:
    """A compensation that finds the run published completes it and sends no email."""
    asked, returned = undo(undone({"deleted": 0}, wait=135), undone(None, published=True))
    assert asked[-2].given == change("find_published", step="undo")
    assert "send_email" not in [action.name for action in asked]
    assert returned == {"state": "completed", "failure": None, "receipt": {"rows_read": 7}}


def test_an_undoing_that_fails_does_not_keep_the_mail() -> None:
    """A compensation whose undo fails leaves that step pending and sends the email."""
    asked, _ = undo({"permanent": "no role"})
    assert [action.given.get("step") for action in asked] == [None, None, None, "email", None]


def test_a_mail_service_that_says_when_is_asked_again_then() -> None:
    """A compensation whose mail service asks it to wait sends the email after a timer of that length."""
    answers = iter([{"sent": False, "wait": 90.0}, {"sent": True}])

    def answer(action: Action) -> Any:
        if action.kind == "timer":
            return None
        return next(answers) if action.name == "send_email" else VIEW.to_dict()

    asked, _, _ = tell(compensate_run, GIVEN, answer)
    assert [action.name or action.kind for action in asked][1:4] == ["send_email", "timer", "send_email"]
    assert asked[2].given == (START + timedelta(seconds=90)).isoformat()


def test_a_long_wait_is_made_in_pieces() -> None:
    """A wait of 700 seconds is made by timers that are due after 300, 600 and 700 seconds."""
    answers = iter([{"sent": False, "wait": 700.0}, {"sent": True}])

    def answer(action: Action) -> Any:
        if action.kind == "timer":
            return None
        return next(answers) if action.name == "send_email" else VIEW.to_dict()

    asked, _, _ = tell(compensate_run, GIVEN, answer)
    due = [(START + timedelta(seconds=seconds)).isoformat() for seconds in (300, 600, 700)]
    assert [action.given for action in asked if action.kind == "timer"] == due


def test_a_mail_service_that_takes_none_for_long_is_left_to_the_sweep() -> None:
    """A compensation whose mail service always asks it to wait closes the run and leaves the email pending."""
    asked, _ = compensate(send_email={"sent": False, "wait": 90.0})
    assert [action.given["event"] for action in asked if action.name == "advance_run"] == ["compensate", "close"]


def test_a_long_undo_continues_as_new() -> None:
    """A long undo continues as new from its last cursor with a small history, and counts as one compensation."""

    def answer(action: Action) -> Any:
        more = {"cursor": {"deleted": 7}, "deleted": 7}
        return more if action.name == "undo_report" else UNDO.to_dict()

    asked, returned, context = tell(compensate_run, GIVEN, answer)
    assert (len(asked), returned) == (1 + CALLS, None)
    assert context.continued == Compensation("r1", 2, undo={"deleted": 7}, view=UNDO.to_dict()).to_dict()

    def finish(action: Action) -> Any:
        done = {"cursor": None, "deleted": 9}
        return done if action.name == "undo_report" else replace(UNDO, pending=[]).to_dict()

    asked, _, _ = tell(compensate_run, context.continued, finish)
    assert [action.given.get("event", action.name) for action in asked] == ["undo_report", "finish_step", "close"]
    assert asked[0].given["cursor"] == {"deleted": 7}
