import asyncio
from typing import Any

import azure.functions as func
import pytest

from outlast.http.approve_run import ApproveRun
from outlast.http.problem import answering
from outlast.runs.launcher import Launcher
from tests.fakes.http import FakeClient, ask, finish, read
from tests.fakes.world import World

PLANNED: dict[str, Any] = {"state": "planned", "plan": True, "planned": {"documents_sha256": "ab", "at": "2026-01-01"}}


def approve(world: World, client: FakeClient | None = None, **params: str) -> func.HttpResponse:
    handler = answering(ApproveRun(world.runs, Launcher(5.0), world.clock.now).approve_run)
    return finish(handler(ask("runs/r1/approve", params=params, run="r1"), client or FakeClient()))


def make(**fields: Any) -> World:
    world = World()
    asyncio.run(world.accept(b"", **{**PLANNED, **fields}))
    return world


def test_a_planned_run_takes_its_next_attempt_and_is_woken() -> None:
    """An approved run answers 202, waits for a seat with the hash of its plan, and its orchestration is woken."""
    world, client = make(), FakeClient()
    response = approve(world, client)
    record = world.runs.records["r1"]
    assert (response.status_code, read(response)["run"]["state"]) == (202, "queued")
    assert (record.status.attempt, (record.status.approved or {})["documents_sha256"]) == (2, "ab")
    assert client.raised == [("r1", "admitted")]


@pytest.mark.parametrize("state", ["queued", "storing", "completed", "failed"])
def test_a_repeat_changes_nothing(state: str) -> None:
    """A second approval answers 200 with the record as it is, whatever became of the run."""
    world = make()
    approve(world)
    world.runs.set("r1", state=state)
    response = approve(world)
    assert (response.status_code, read(response)["run"]["state"]) == (200, state)
    assert (world.runs.writes, world.runs.records["r1"].status.attempt) == (3, 2)


@pytest.mark.parametrize("state", ["queued", "generating", "storing", "failing", "cancelled", "expired", "completed"])
def test_what_does_not_wait_for_an_approval_is_refused(state: str) -> None:
    """A run that is not planned answers 409 with its state."""
    response = approve(make(state=state, planned=None))
    assert response.status_code == 409
    assert read(response)["detail"] == f"run r1 is {state}; only a planned run can be approved"


def test_a_parameter_is_refused() -> None:
    """An approval has no parameters, and one with a parameter gets 400."""
    assert approve(make(), ru_share="500").status_code == 400


def test_an_unknown_run_is_404() -> None:
    """The approval of an unknown run gets 404."""
    assert approve(World()).status_code == 404
