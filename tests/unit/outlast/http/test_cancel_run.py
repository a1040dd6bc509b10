import asyncio
from typing import Any

import azure.functions as func
import pytest

from outlast.http.cancel_run import CancelRun
from outlast.http.problem import answering
from tests.fakes.http import ask, finish, read
from tests.fakes.world import World


def cancel(world: World, run: str = "r1") -> func.HttpResponse:
    return finish(answering(CancelRun(world.runs).cancel_run)(ask(f"runs/{run}/cancel", run=run)))


def make(**fields: Any) -> World:
    world = World()
    asyncio.run(world.accept(b"", **fields))
    return world


@pytest.mark.parametrize("state", ["accepted", "reading", "generating", "storing", "publishing"])
def test_a_run_at_work_is_fenced(state: str) -> None:
    """202, and the record says what the run is to become; no mail is pending."""
    world = make(state=state)
    response = cancel(world)
    record = world.runs.records["r1"]
    assert (response.status_code, read(response)["run"]["state"]) == (202, "failing")
    assert (record.status.outcome, record.status.pending, (record.result.failure or {})["text"]) == (
        "cancelled",
        [],
        "the run was cancelled",
    )


def test_a_snapshot_that_was_storing_is_to_be_undone() -> None:
    """What it had written goes."""
    world = make(state="storing", mode="snapshot", wrote=True)
    cancel(world)
    assert world.runs.records["r1"].status.pending == ["undo"]


def test_a_repeat_changes_nothing() -> None:
    """202 while it is being compensated, 200 when it is cancelled."""
    world = make(state="storing")
    assert [cancel(world).status_code for _ in range(2)] == [202, 202]
    assert world.runs.writes == 2
    world.runs.set("r1", state="cancelled")
    assert cancel(world).status_code == 200


@pytest.mark.parametrize("state", ["completed", "failed", "failing", "superseded"])
def test_what_has_ended_otherwise_is_not_cancelled(state: str) -> None:
    """409 that says how it ended."""
    world = make(state=state)
    response = cancel(world)
    assert (response.status_code, read(response)["detail"]) == (409, f"run r1 is {state} and cannot be cancelled")


def test_an_unknown_run_is_not_found() -> None:
    """404."""
    assert cancel(World()).status_code == 404
