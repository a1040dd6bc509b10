import asyncio
import logging
from typing import Any, cast

import azure.functions as func
import pytest

from outlast.calls import RunChange
from outlast.http.problem import answering
from outlast.http.show_rejects import ShowRejects
from outlast.runs.transitions import Event, NotAllowed, apply
from tests.fakes.ended import end_run, instances_of, retention, staged
from tests.fakes.http import FakeClient, ask, finish, read
from tests.fakes.world import World

DAY = 86_400
TIMER = cast(func.TimerRequest, None)


def fire(world: World, client: FakeClient, **days: int) -> None:
    asyncio.run(retention(world, **days).remove_ended_runs(TIMER, client))


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def client() -> FakeClient:
    return FakeClient()


def test_of_a_hundred_ended_runs_and_an_open_one_the_open_one_is_left(world: World, client: FakeClient) -> None:
    """The timer removes the files and histories of each ended run and nothing of a run that is open."""
    for number in range(100):
        end_run(world, client, f"e{number}", state=("completed", "failed", "cancelled", "superseded")[number % 4])
    end_run(world, client, "open", state="storing")
    end_run(world, client, "pending", state="failed", pending=["undo"])
    fire(world, client, files=0)
    assert staged(world) == {"open", "pending"}
    assert set(client.shown) == {*instances_of("open"), *instances_of("pending")}
    assert all(world.runs.records[f"e{number}"].status.removed for number in range(100))


@pytest.mark.parametrize(
    ("files", "days", "kept"), [(14, 13.99, True), (14, 14, False), (0, 0, False), (-1, 9e3, True)]
)
def test_files_are_kept_for_their_days(world: World, client: FakeClient, files: int, days: float, kept: bool) -> None:
    """Files and histories stay for RETENTION_DAYS after the end: with 0 no longer than the run, with -1 for ever."""
    end_run(world, client)
    world.clock.advance(days * DAY)
    fire(world, client, files=files)
    assert (bool(staged(world)), bool(client.shown)) == (kept, kept)
    assert "r1" in world.runs.records


@pytest.mark.parametrize(("record", "ttl"), [(90, 76 * DAY), (14, 1), (0, 1), (-1, -1)])
def test_a_record_is_kept_for_its_days_from_the_end(world: World, client: FakeClient, record: int, ttl: int) -> None:
    """The record gets its time to live when the files are gone, counted from the end, and not before."""
    end_run(world, client)
    assert "ttl" not in world.runs.records["r1"].to_document()
    world.clock.advance(14 * DAY)
    fire(world, client, record=record)
    assert world.runs.records["r1"].to_document()["ttl"] == ttl


def test_a_removed_run_is_not_removed_again(world: World, client: FakeClient) -> None:
    """The timer leaves a run alone whose files are gone, so that its time to live does not begin again."""
    end_run(world, client)
    world.clock.advance(14 * DAY)
    fire(world, client)
    writes = world.runs.writes
    world.clock.advance(14 * DAY)
    fire(world, client)
    assert world.runs.writes == writes


def test_runs_of_another_owner_are_left(world: World, client: FakeClient) -> None:
    """The timer leaves the runs of another app or task hub, whose histories it cannot reach."""
    end_run(world, client, owner="another")
    fire(world, client, files=0)
    assert staged(world) == {"r1"}


def test_a_timer_stops_at_its_deadline_and_the_next_goes_on(world: World, client: FakeClient) -> None:
    """A call that reaches its deadline leaves the rest to the next, the runs that ended first being removed first."""
    for number in range(5):
        end_run(world, client, f"e{number}")
        world.clock.advance(1)
    world.runs.before_write = lambda: world.clock.advance(25)
    fire(world, client, files=0)
    assert staged(world) == {"e3", "e4"}
    fire(world, client, files=0)
    assert staged(world) == set()


def test_a_run_that_cannot_be_removed_does_not_keep_the_timer_from_others(
    world: World, client: FakeClient, caplog: pytest.LogCaptureFixture
) -> None:
    """A run whose orchestration is suspended is logged and left; later ones are removed."""
    for run in ("e1", "e2"):
        end_run(world, client, run)
    client.shown["e1"] = {"runtimeStatus": "Suspended"}
    with caplog.at_level(logging.WARNING):
        fire(world, client, files=0)
    assert staged(world) == {"e1"}
    assert "run e1 is not removed yet: the orchestration e1 is Suspended" in caplog.text


def test_the_rejects_of_a_removed_run_are_gone(world: World, client: FakeClient) -> None:
    """A run whose files were removed gets 410 for its rejects, and its record is still shown."""
    end_run(world, client)
    fire(world, client, files=0)
    show = answering(ShowRejects(world.runs, world.files, world.clock).show_rejects)
    response = finish(show(ask("runs/r1/rejects", run="r1")))
    assert (response.status_code, read(response)["field"]) == (410, "run")


@pytest.mark.parametrize("event", [Event.RESTART, Event.READ, Event.ADMIT])
def test_nothing_begins_a_removed_run_again(world: World, client: FakeClient, event: Event) -> None:
    """A run whose files were removed has ended, so it is not started, restarted or admitted."""
    end_run(world, client)
    fire(world, client, files=0)
    record: Any = world.runs.records["r1"]
    with pytest.raises(NotAllowed):
        apply(record, RunChange("r1", record.status.attempt, event))
