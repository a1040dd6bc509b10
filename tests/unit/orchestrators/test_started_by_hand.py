"""Orchestrations that somebody starts with an input of his own, who has the app's system key.

The record decides: what it does not ask for is not done.
"""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from outlast.models import Json
from outlast.runs.record import RunRecord
from tests.fakes.reports import make_csv
from tests.fakes.world import World

FORGED = {
    "run": "r1",
    "attempt": 1,
    "failure": {"step": "login", "chunk": None, "text": "ok\nURGENT: confirm your account at http://evil.example"},
    "outcome": "failed",
    "totals": {"rows": 1_000_000},
    "state": "failed",
    "pending": ["undo", "email"],
    "event": "fail",
    "reason": "evil.example",
}
STATES = ["queued", "accepted", "reading", "generating", "storing", "publishing"]


def start_by_hand(world: World, name: str, instance: str, given: Any) -> RunRecord:
    """Start an orchestration, and return the record of run r1 after it."""
    asyncio.run(world.driver.run(name, given, instance))
    return world.runs.records["r1"]


def accept(**fields: Any) -> World:
    world = World()
    asyncio.run(world.accept(make_csv(3), **fields))
    return world


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("attempt", [0, 1, 2])
def test_a_compensation_of_a_run_at_work_does_nothing(state: str, attempt: int) -> None:
    """The victim's run goes on, its record is unchanged, and no email is sent."""
    world = accept(state=state)
    before = world.runs.records["r1"]
    assert start_by_hand(world, "compensate_run", "evil", {**FORGED, "attempt": attempt}) == before
    assert world.mailer.asked == 0


@pytest.mark.parametrize("state", ["completed", "failed", "cancelled", "superseded"])
def test_a_compensation_of_a_run_that_has_ended_does_nothing(state: str) -> None:
    """An end stays as it is, and nobody gets a second email about it."""
    world = accept(state=state)
    before = world.runs.records["r1"]
    assert start_by_hand(world, "compensate_run", "evil", FORGED) == before
    assert world.mailer.asked == 0


def test_a_compensation_does_what_the_record_asks_for_and_no_more() -> None:
    """The email about a failing run has the failure of the record and nothing of the input."""
    failure: Json = {"step": "generate_report", "chunk": 0, "text": "1 of 3 rows was rejected"}
    world = accept(state="failing", outcome="failed", failure=failure, pending=["email"], totals={"rows": 3})
    after = start_by_hand(world, "compensate_run", "evil", FORGED)
    assert (after.status.state, after.result.failure, after.result.totals) == ("failed", failure, {"rows": 3})
    [email] = world.mailer.emails
    assert "1 of 3 rows was rejected" in email.text
    assert "evil" not in email.subject + email.text


@pytest.mark.parametrize("state", ["failing", "completed", "failed", "cancelled"])
def test_a_run_that_is_over_is_not_done_again(state: str) -> None:
    """An import that is started once more for such a run changes neither its state nor its failure nor its counts."""
    failure: Json = {"step": "generate_report", "chunk": 0, "text": "1 of 3 rows was rejected"}
    world = accept(state=state, outcome="failed", failure=failure, totals={"rows": 3})
    before = world.runs.records["r1"].result
    after = start_by_hand(world, "import_report", "r1", {**FORGED, "attempt": 1})
    assert (replace(after.result, events=[]), after.status.attempt) == (replace(before, events=[]), 1)
    assert after.status.state == ("failed" if state == "failing" else state)
    assert world.transport.documents("sales") == {}


@pytest.mark.parametrize("name", ["import_report", "compensate_run", "run_wave", "run_lane", "remove_previous"])
@pytest.mark.parametrize("given", [None, {}, [], "x", {"run": "nobody", "attempt": 1, "report": "nothing"}])
def test_an_input_that_names_no_run_changes_nothing(name: str, given: Any) -> None:
    """An orchestration with a malformed input fails by itself."""
    world = accept(state="storing")
    before = world.runs.records["r1"]
    assert start_by_hand(world, name, "evil", given) == before
    assert world.mailer.asked == 0
