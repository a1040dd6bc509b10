import asyncio
from itertools import pairwise
from typing import Any

import pytest

from activities.advance_run import AdvanceRun
from outlast.errors import Permanent
from outlast.models import Json
from outlast.runs.record import ENDED, OUTCOMES, STATES
from tests.fakes.runs import FakeRuns
from tests.fakes.world import World

ALL = (*STATES, "failing", *OUTCOMES)
ALLOWED = {
    *pairwise(STATES),
    *((state, state) for state in (*STATES, "failing")),
    *((state, "failing") for state in STATES if state != "completed"),
    *((state, "reading") for state in ("generating", "storing", "publishing")),
}


def make(state: str, **fields: Any) -> World:
    world = World()
    asyncio.run(world.accept(b"", state=state, **fields))
    return world


def advance(world: World, to: str, **given: Any) -> Json:
    answer: Json = asyncio.run(world.call("advance_run", to=to, **given))
    return answer


@pytest.mark.parametrize("before", ALL)
@pytest.mark.parametrize("to", [*STATES, "failing"])
def test_a_run_moves_along_its_states_only(before: str, to: str) -> None:
    """One step on, again to where it is, back to its beginning, or to failing; one that has ended stays as it is."""
    world = make(before)
    if (before, to) in ALLOWED:
        advance(world, to)
        assert world.runs.records["r1"].status.state == to
    elif to == "failing" and before in ENDED:
        assert advance(world, to)["state"] == before
    else:
        with pytest.raises(Permanent, match=f"run r1 is {before} in attempt 1 and cannot become {to}"):
            advance(world, to)
        assert world.runs.records["r1"].status.state == before


def test_an_unknown_state_is_refused() -> None:
    """A run cannot be moved out of its states."""
    with pytest.raises(Permanent, match="cannot become flying"):
        advance(make("accepted"), "flying")


@pytest.mark.parametrize(("attempt", "state"), [(1, "reading"), (2, "generating"), (4, "reading"), (4, "generating")])
@pytest.mark.parametrize("to", ["generating", "reading", "failing"])
def test_nothing_of_another_attempt_is_moved(attempt: int, state: str, to: str) -> None:
    """An orchestration that was given up leaves the record of the next one alone."""
    world = make(state, attempt=3)
    with pytest.raises(Permanent, match=f"in attempt {attempt}; its record says what became of it"):
        advance(world, to, attempt=attempt)
    assert world.runs.records["r1"].status.state == state


def test_whoever_takes_the_work_over_may_ask_again() -> None:
    """The answer that named the new attempt was lost; it is given again, and no other attempt is begun."""
    world = make("storing")
    answers = [advance(world, "reading") for _ in range(2)]
    assert [answer["attempt"] for answer in answers] == [2, 2]
    with pytest.raises(Permanent):
        advance(world, "failing")


def test_a_repeated_call_changes_nothing() -> None:
    """Not even the time of the last change."""
    world = make("reading")
    answers = [advance(world, "generating", totals={"rows": 1}) for _ in range(2)]
    assert answers[0] == answers[1]
    assert world.runs.writes == 2


def test_what_it_may_keep_is_kept() -> None:
    """Totals and failure are set with the state, in one write; anything else is left out."""
    world = make("storing")
    failure = {"step": "store_data_to_db", "chunk": 3, "text": "no"}
    advance(world, "failing", failure=failure, totals={"rows": 7}, pending=["money"], report="other", max_parallel=1)
    record = world.runs.records["r1"]
    assert (record.result.failure, record.result.totals, record.status.pending) == (failure, {"rows": 7}, ["email"])
    assert (record.request.report, record.request.max_parallel) == ("sales", 2)
    assert world.runs.writes == 2


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
def test_what_is_pending_is_recorded_with_the_fence(fields: dict[str, Any], outcome: str, pending: list[str]) -> None:
    """A snapshot that came as far as storing is undone, in whatever attempt; people are told of failures alone."""
    world = make("reading", **fields)
    assert advance(world, "failing", outcome=outcome)["pending"] == pending


def test_whoever_came_as_far_as_storing_wrote() -> None:
    """The next attempt, which begins anew, keeps it in mind."""
    world = make("generating")
    advance(world, "storing")
    advance(world, "reading")
    advance(world, "generating", attempt=2)
    assert (world.runs.records["r1"].status.wrote, world.runs.records["r1"].status.attempt) == (True, 2)


@pytest.mark.parametrize("state", ["failing", "failed"])
def test_what_was_done_is_pending_no_more(state: str) -> None:
    """In a run that has ended, too."""
    world = make(state, pending=["undo", "email"], outcome="failed")
    assert advance(world, "failing", done="undo")["pending"] == ["email"]
    assert (world.runs.records["r1"].status.state, world.runs.records["r1"].status.pending) == (state, ["email"])


def test_a_run_that_failed_first_keeps_that_failure() -> None:
    """What comes after a cancellation is its consequence."""
    world = make("failing", failure={"step": "cancel"}, outcome="cancelled")
    answer = advance(world, "failing", failure={"step": "store_data_to_db"}, totals={"rows": 3})
    assert (answer["failure"], answer["pending"], world.runs.records["r1"].result.totals) == (
        {"step": "cancel"},
        [],
        {"rows": 3},
    )


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_a_closed_run_is_what_its_record_says(outcome: str) -> None:
    """However often it is compensated, and whatever is still pending."""
    world = make("failing", outcome=outcome, pending=["email"])
    assert [advance(world, "closed")["state"] for _ in range(2)] == [outcome] * 2
    assert world.runs.records["r1"].status.pending == ["email"]


def test_a_run_at_work_is_not_closed() -> None:
    """It is fenced first."""
    with pytest.raises(Permanent):
        advance(make("storing"), "closed")


def test_the_answer_is_the_records_orders() -> None:
    """How many lanes and how many rejects: as the record says now, not as it said at the start."""
    world = make("reading", max_parallel=3, tolerated_rejects=5, tolerated_reject_percent=1.5)
    assert advance(world, "generating") == {
        "max_parallel": 3,
        "tolerated_rejects": 5,
        "tolerated_reject_percent": 1.5,
        "attempt": 1,
        "state": "generating",
        "pending": [],
        "failure": None,
        "receipt": None,
    }
    world.runs.set("r1", max_parallel=1)
    assert advance(world, "generating")["max_parallel"] == 1


def test_a_change_that_comes_between_is_not_lost() -> None:
    """The record is written under its ETag, and read again where that has changed."""
    runs = FakeRuns()
    world = World()
    world.runs = runs
    asyncio.run(world.accept(b"", state="reading"))

    def meddle() -> None:
        runs.before_write = lambda: None
        runs.set("r1", max_parallel=7)

    runs.before_write = meddle
    answer = asyncio.run(AdvanceRun(runs).advance_run({"run": "r1", "attempt": 1, "to": "generating"}))
    assert (answer["max_parallel"], runs.records["r1"].request.max_parallel) == (7, 7)
    assert runs.records["r1"].status.state == "generating"
