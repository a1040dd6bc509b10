import asyncio

import azure.functions as func

from outlast.http.caller import HEADER
from outlast.http.cancel_run import CancelRun
from outlast.http.problem import answering
from outlast.http.show_events import ShowEvents
from outlast.runs.launcher import Launcher
from tests.fakes.http import FakeClient, ask, finish, read
from tests.fakes.reports import make_csv
from tests.fakes.world import World


def show(world: World, run: str = "r1", **params: str) -> func.HttpResponse:
    return finish(answering(ShowEvents(world.runs).show_events)(ask(f"runs/{run}/events", params=params, run=run)))


def test_the_events_of_a_whole_run_are_shown_in_order() -> None:
    """A run that completes shows its phases from first to last, and then its end."""
    world = World()
    asyncio.run(world.run(make_csv(3)))
    body = read(show(world))
    assert body["run"] == "r1"
    phases = [entry["phase"] for entry in body["events"] if entry["event"] == "phase_began"]
    assert phases == ["reading", "generating", "resolving", "storing", "publishing"]
    assert (body["events"][-1]["event"], body["events"][-1]["state"]) == ("ended", "completed")


def test_a_cancelled_run_shows_who_cancelled_it() -> None:
    """The caller's name is that of Azure's authentication, without characters that cannot be printed."""
    world = World()
    asyncio.run(world.accept(b"", state="storing"))
    request = ask("runs/r1/cancel", headers={HEADER: "ann@example.com\n"}, run="r1")
    finish(answering(CancelRun(world.runs, Launcher(5.0)).cancel_run)(request, FakeClient()))
    [entry] = [entry for entry in read(show(world))["events"] if entry["event"] == "cancelled"]
    assert entry["by"] == "ann@example.com"


def test_the_record_is_shown_without_its_events() -> None:
    """Events have an endpoint of their own, so that lists of runs stay short."""
    world = World()
    asyncio.run(world.run(make_csv(3)))
    assert "events" not in world.runs.records["r1"].shown()


def test_an_unknown_run_or_parameter_is_refused() -> None:
    """An unknown run is a 404, and a parameter that is not known a 400."""
    world = World()
    assert show(world).status_code == 404
    asyncio.run(world.accept(b""))
    assert show(world, top="3").status_code == 400
