from collections import deque
from datetime import timedelta
from typing import Any

import pytest

from orchestrators.import_report import import_report
from outlast.calls import RunView
from outlast.models import Json
from tests.fakes.replay import Action, First, ReplayContext
from tests.unit.local.host.pure import Pure
from tests.unit.orchestrators.telling import answer_run, tell

GIVEN: Json = {"attempt": 1, "first_retry_seconds": 5.0}
PLANNED = RunView(2, attempt=1, state="planned", expires="2026-01-08T00:00:00+00:00")
QUEUED = RunView(2, attempt=2, state="queued")
ACCEPTED = RunView(2, attempt=2, state="accepted")
READING = RunView(2, attempt=2, state="reading")


def begin(*views: RunView, first: int = 0) -> tuple[list[Action], ReplayContext]:
    """Tell a run whose record is read as these views, one after another. `first` ends each wait for a person."""
    left, well = deque(views), answer_run(1, 1)

    def answer(action: Action) -> Any:
        if action.kind == "any":
            return First(first)
        if action.kind == "event":
            return None
        if action.name == "advance_run" and action.given["event"] == "read":
            return left.popleft().to_dict()
        return well(action)

    asked, _, context = tell(import_report, GIVEN, answer)
    return asked, context


def kinds(asked: list[Action]) -> list[str]:
    return [action.name if action.kind == "activity" else action.kind for action in asked]


def test_an_approved_run_begins_as_its_next_attempt() -> None:
    """A run that was approved and admitted meanwhile reads on as the attempt that its record says."""
    asked, context = begin(PLANNED, ACCEPTED, READING)
    attempts = [action.given["attempt"] for action in asked if action.name == "advance_run"]
    assert kinds(asked)[:4] == ["advance_run", "any", "advance_run", "advance_run"]
    assert attempts[:4] == [1, 1, 2, 2]
    assert context.continued is None


@pytest.mark.parametrize("second", [PLANNED, QUEUED])
def test_a_run_waits_once_in_an_execution(second: RunView) -> None:
    """A run that has to wait once more does so as a new execution, as the attempt that it knows by then."""
    asked, context = begin(PLANNED, second)
    assert kinds(asked) == ["advance_run", "any", "advance_run"]
    assert context.continued == {"attempt": second.attempt, "first_retry_seconds": 5.0}


def test_a_day_that_passes_is_followed_by_the_next() -> None:
    """A timer that comes before any event makes the run wait on as a new execution, without another look."""
    asked, context = begin(PLANNED, first=1)
    assert kinds(asked) == ["advance_run", "any"]
    assert context.continued == GIVEN


def test_the_sdk_ends_every_wait_by_an_event_that_came_early() -> None:
    """An event that came before anybody waited ends each later wait for its name, which is why a run waits once."""

    def waits_twice(context: Any) -> Any:
        yield context.call_activity("first")
        for _ in range(2):
            timer = context.create_timer(context.current_utc_datetime + timedelta(days=1))
            event = context.wait_for_external_event("admitted")
            assert (yield context.task_any([event, timer])) is event
            timer.cancel()
        yield context.call_activity("last")

    pure = Pure(waits_twice)
    pure.take(pure.raised("admitted"))
    pure.take(pure.completed(pure.calls[0].task))
    assert [call.name for call in pure.calls] == ["first", "last"]
