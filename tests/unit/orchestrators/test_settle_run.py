import logging
from typing import Any

import pytest

from orchestrators.settle_run import settle_run
from outlast.models import Orders
from tests.fakes.replay import Action, ReplayContext, replay
from tests.unit.orchestrators.telling import tell

FAILURE = {"step": "store_data_to_db", "chunk": 3, "text": "no such container"}
GIVEN = {"run": "r1", "attempt": 2, "failure": FAILURE, "totals": {"rows": 7}}


ORDERS = Orders(2, attempt=2, state="failing", owed=["mail"])
FAILED = Orders(2, attempt=2, state="failed", failure=FAILURE)
RUN = {"run": "r1", "attempt": 2}
NOTHING = {"state": None, "failure": None, "receipt": None}


def settle(orders: Orders = ORDERS, ended: Orders = FAILED, **answers: Any) -> tuple[list[Action], Any]:
    """What settling asks for when these activities answer, or raise, that; and what it returns."""
    well = {"failing": orders.plain(), "send_email": {"sent": True}, "settled": ended.plain()}

    def answer(action: Action) -> Any:
        found = {**well, **answers}[action.given.get("to", action.name)]
        if isinstance(found, Exception):
            raise found
        return found

    asked, returned, _ = tell(settle_run, GIVEN, answer)
    return asked, returned


def test_a_run_is_fenced_told_of_and_closed() -> None:
    """In this order; what is owed is cleared when it is done."""
    (failing, mail, paid, settled), returned = settle()
    assert failing.given == {**GIVEN, "to": "failing"}
    assert (mail.name, mail.given) == ("send_email", RUN)
    assert paid.given == {**RUN, "to": "failing", "paid": "mail"}
    assert settled.given == {**RUN, "to": "settled"}
    assert returned == {"state": "failed", "failure": FAILURE, "receipt": None}


def test_nothing_is_done_that_is_not_owed() -> None:
    """A cancelled run sends no mail."""
    asked, _ = settle(Orders(2, state="failing"))
    assert [action.given["to"] for action in asked] == ["failing", "settled"]


def test_mail_is_tried_for_long() -> None:
    """A mail service that is down comes back."""
    assert [action.attempts for action in settle()[0]] == [5, 10, 5, 5]


@pytest.mark.parametrize("answer", [{"permanent": "refused with 401"}, Exception("Transient: 500")])
def test_a_mail_that_could_not_be_sent_is_still_owed(answer: Any) -> None:
    """The run is closed all the same; the sweep starts the settling again."""
    asked, returned = settle(send_email=answer)
    assert [action.given.get("to") for action in asked] == ["failing", None, "settled"]
    assert returned["state"] == "failed"


@pytest.mark.parametrize("answer", [{"permanent": "run r1 is completed"}, Exception("database gone")])
def test_a_run_that_cannot_be_fenced_is_left_alone(answer: Any) -> None:
    """It belongs to another attempt; nobody is told, and nothing is raised."""
    asked, returned = settle(failing=answer)
    assert (len(asked), returned) == (1, NOTHING)


@pytest.mark.parametrize("answer", [{"permanent": "run r1 is completed"}, Exception("database gone")])
def test_a_run_that_cannot_be_closed_does_not_raise(answer: Any) -> None:
    """The failure of settling is not the run's."""
    asked, returned = settle(settled=answer)
    assert (len(asked), returned) == (4, NOTHING)


def test_a_run_that_is_completed_is_told_so() -> None:
    """Its last step's answer was lost; the receipt stands."""
    completed = Orders(2, state="completed", receipt={"rows_read": 7})
    assert settle(completed, completed)[1] == {"state": "completed", "failure": None, "receipt": {"rows_read": 7}}


def test_what_goes_wrong_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """Not at each replay."""
    context = ReplayContext("r1:2:settle", GIVEN)
    telling = settle_run(context)
    record = context.record
    record.ask(lambda: next(telling))
    for answer in (ORDERS.plain(), {"permanent": "refused with 401"}, {"permanent": "gone"}):
        record.hear(answer)
        with caplog.at_level(logging.ERROR, logger="outlast"):
            record.ask(lambda answer=answer: telling.send(answer))  # type: ignore[misc]
    expected = ["mail is still owed for run r1: refused with 401", "run r1 could not be settled: gone"]
    assert caplog.messages == expected
    replay(settle_run, "r1:2:settle", GIVEN, record, [])
    assert caplog.messages == expected
