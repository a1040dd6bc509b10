import asyncio
from typing import Any

import azure.functions as func
import pytest

from outlast.http.cancel_run import CancelRun
from outlast.http.problem import answering
from outlast.runs.launcher import Launcher
from tests.fakes.http import FakeClient, ask, finish, read
from tests.fakes.world import World


def cancel(world: World, run: str = "r1", client: FakeClient | None = None) -> func.HttpResponse:
    cancel_run = answering(CancelRun(world.runs, Launcher(5.0)).cancel_run)
    return finish(cancel_run(ask(f"runs/{run}/cancel", run=run), client or FakeClient()))


def make(**fields: Any) -> World:
    world = World()
    asyncio.run(world.accept(b"", **fields))
    return world


def test_a_queued_run_is_woken_to_see_its_end() -> None:
    """A queued run that is cancelled is woken, because its orchestration would otherwise wait for ever."""
    client = FakeClient()
    cancel(make(state="queued"), client=client)
    assert client.raised == [("r1", "admitted")]


@pytest.mark.parametrize("state", ["queued", "accepted", "reading", "generating", "storing", "publishing"])
def test_a_run_at_work_is_fenced(state: str) -> None:
    """A cancelled run answers 202, is failing with the outcome cancelled, and no email is pending."""
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
    """Cancelling a snapshot run that has begun to store makes the undo pending."""
    world = make(state="storing", mode="snapshot", wrote=True)
    cancel(world)
    assert world.runs.records["r1"].status.pending == ["undo"]


def test_a_repeat_changes_nothing() -> None:
    """A second cancel answers 202 while the run is compensated and 200 when it is cancelled."""
    world = make(state="storing")
    assert [cancel(world).status_code for _ in range(2)] == [202, 202]
    assert world.runs.writes == 2
    world.runs.set("r1", state="cancelled")
    assert cancel(world).status_code == 200


@pytest.mark.parametrize("state", ["completed", "failed", "failing", "superseded"])
def test_what_has_ended_otherwise_is_not_cancelled(state: str) -> None:
    """A run that has ended or failed answers 409 with its state."""
    world = make(state=state)
    response = cancel(world)
    assert (response.status_code, read(response)["detail"]) == (409, f"run r1 is {state} and cannot be cancelled")


def test_an_unknown_run_is_not_found() -> None:
    """Cancelling an unknown run answers 404."""
    assert cancel(World()).status_code == 404
