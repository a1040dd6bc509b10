import logging
from typing import Any

import pytest

from orchestrators.settle_run import settle_run
from tests.fakes.replay import Action, ReplayContext, replay
from tests.unit.orchestrators.telling import tell

FAILURE = {"step": "store_data_to_db", "chunk": 3, "text": "no such container"}
GIVEN = {"run": "r1", "attempt": 2, "failure": FAILURE, "totals": {"rows": 7}}


def settle(**answers: Any) -> list[Action]:
    """What settling asks for when these activities answer, or raise, that."""

    def answer(action: Action) -> Any:
        found = answers.get(action.given.get("to", action.name), {})
        if isinstance(found, Exception):
            raise found
        return found

    asked, returned, _ = tell(settle_run, GIVEN, answer)
    assert returned is None
    return asked


def test_a_run_is_fenced_told_of_and_closed() -> None:
    """In this order: what is owed is recorded before it is done, and cleared after."""
    failing, mail, failed = settle()
    run = {"run": "r1", "attempt": 2}
    assert failing.given == {**run, "to": "failing", "failure": FAILURE, "totals": {"rows": 7}, "owed": "mail"}
    assert (mail.name, mail.given) == ("send_email", run)
    assert failed.given == {**run, "to": "failed", "owed": None}


def test_mail_is_tried_for_long() -> None:
    """A mail service that is down comes back."""
    assert [action.attempts for action in settle()] == [5, 10, 5]


def test_a_mail_that_is_refused_is_given_up() -> None:
    """Nothing is owed any more: trying again would not help."""
    asked = settle(send_email={"permanent": "refused with 401"})
    assert (asked[-1].given["to"], asked[-1].given["owed"]) == ("failed", None)


def test_a_mail_that_could_not_be_sent_is_still_owed() -> None:
    """The mail service was not there all the time."""
    asked = settle(send_email=Exception("Activity function 'send_email' failed:  Transient: 500"))
    assert (asked[-1].given["to"], asked[-1].given["owed"]) == ("failed", "mail")


@pytest.mark.parametrize("answer", [{"permanent": "run r1 is completed"}, Exception("database gone")])
def test_a_run_that_cannot_be_fenced_is_left_alone(answer: Any) -> None:
    """It belongs to another attempt or has ended; nobody is told, and nothing is raised."""
    assert len(settle(failing=answer)) == 1


@pytest.mark.parametrize("answer", [{"permanent": "run r1 is completed"}, Exception("database gone")])
def test_a_run_that_cannot_be_closed_does_not_raise(answer: Any) -> None:
    """The failure of settling is not the run's."""
    assert len(settle(failed=answer)) == 3


def test_what_goes_wrong_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """Not at each replay."""
    context = ReplayContext("r1:2:settle", GIVEN)
    telling = settle_run(context)
    record = context.record
    record.ask(lambda: next(telling))
    for answer in ({}, {"permanent": "refused with 401"}, {"permanent": "gone"}):
        record.hear(answer)
        with caplog.at_level(logging.ERROR, logger="outlast"):
            record.ask(lambda answer=answer: telling.send(answer))  # type: ignore[misc]
    expected = ["no email was sent for run r1: refused with 401", "run r1 could not be settled: gone"]
    assert caplog.messages == expected
    replay(settle_run, "r1:2:settle", GIVEN, record, [])
    assert caplog.messages == expected
