import asyncio
from typing import Any

import azure.functions as func
import pytest

from outlast.http.problem import answering
from outlast.http.waive_run import WaiveRun
from tests.fakes.http import ask, finish, read
from tests.fakes.world import World


def waive(reason: str | None = "the report is gone", run: str = "r1", **fields: Any) -> tuple[World, func.HttpResponse]:
    world = World()
    asyncio.run(world.accept(b"", **fields))
    request = ask(f"runs/{run}/waive", params={"reason": reason} if reason is not None else {}, run=run)
    return world, finish(answering(WaiveRun(world.runs).waive_run)(request))


def test_what_is_pending_is_waived() -> None:
    """A waived run keeps its steps and the reason in the record, and the sweep does not find it any more."""
    world, response = waive(state="failed", outcome="failed", pending=["undo", "email"])
    assert response.status_code == 200
    assert read(response)["run"]["waived"] == {"steps": ["undo", "email"], "reason": "the report is gone"}
    assert asyncio.run(world.runs.open_runs()) == []


@pytest.mark.parametrize(
    "fields", [{"state": "failed"}, {"state": "failing", "pending": ["undo"]}, {"state": "storing"}]
)
def test_what_is_not_pending_or_not_ended_cannot_be_waived(fields: dict[str, Any]) -> None:
    """A run without pending steps, or one that has not ended, gets 409 and stays as it is."""
    world, response = waive(**fields)
    assert (response.status_code, read(response)["field"]) == (409, "run")
    assert world.runs.writes == 1


def test_waiving_twice_is_waiving_once() -> None:
    """A repeated waive gets 200 with the first reason."""
    _, response = waive(state="failed", waived={"steps": ["undo"], "reason": "before"})
    assert (response.status_code, read(response)["run"]["waived"]["reason"]) == (200, "before")


@pytest.mark.parametrize("reason", [None, "", "  ", "x" * 501, "line\nend"])
def test_a_reason_is_needed(reason: str | None) -> None:
    """A waive without a reason of 1 to 500 printable characters gets 400."""
    _, response = waive(reason, state="failed", pending=["undo"])
    assert (response.status_code, read(response)["field"]) == (400, "reason")


def test_an_unknown_run_is_404() -> None:
    """A waive of an unknown run gets 404."""
    assert waive(run="r2")[1].status_code == 404
