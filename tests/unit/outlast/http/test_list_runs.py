import asyncio
from typing import Any

import azure.functions as func
import pytest

from outlast.http.list_runs import ListRuns
from outlast.http.problem import answering
from tests.fakes.http import ORIGIN, ask, finish, read
from tests.fakes.world import World


def make(*accepted: str, **fields: Any) -> World:
    """Runs r0, r1, … accepted at these times."""
    world = World()
    for number, time in enumerate(accepted):
        asyncio.run(world.accept(b"", f"r{number}", accepted=time, **fields))
    return world


def show(world: World, **params: str) -> func.HttpResponse:
    return finish(answering(ListRuns(world.runs).list_runs)(ask("runs", params=params)))


def ids(world: World, **params: str) -> list[str]:
    return [run["id"] for run in read(show(world, **params))["runs"]]


def pages(world: World, top: int) -> list[list[str]]:
    """The ids of each page, read by following the continuations."""
    found, params = [], {"top": str(top)}
    while True:
        body = read(show(world, **params))
        found.append([run["id"] for run in body["runs"]])
        if body["continuation"] is None:
            return found
        params["continuation"] = body["continuation"]


def test_the_newest_run_is_first() -> None:
    """Runs are listed by the time at which they were accepted, newest first, each with its whole record."""
    world = make("2026-01-01", "2026-01-03", "2026-01-02")
    assert ids(world) == ["r1", "r2", "r0"]
    assert read(show(world))["runs"][0] == world.runs.records["r1"].shown()


def test_report_and_state_choose() -> None:
    """The query can choose runs by report, by state, or by both."""
    world = make("2026-01-01", "2026-01-02")
    world.runs.set("r0", state="failed", report="other")
    assert (ids(world, state="failed"), ids(world, report="sales")) == (["r0"], ["r1"])
    assert ids(world, report="sales", state="failed") == []


@pytest.mark.parametrize(
    "times", [["2026-01-01"] * 7, [f"2026-01-0{n}" for n in range(1, 8)], ["a", "b", "b", "b", "c"]]
)
@pytest.mark.parametrize("top", [1, 2, 3, 10])
def test_every_run_is_on_one_page(times: list[str], top: int) -> None:
    """Each run is on exactly one page, also when many runs were accepted at the same time."""
    found = [run for page in pages(make(*times), top) for run in page]
    assert sorted(found) == [f"r{n}" for n in range(len(times))]


def test_a_link_leads_on() -> None:
    """The link to the next page repeats the query without the caller's key."""
    link = show(make("a", "b"), top="1", state="queued").headers["Link"]
    assert link.startswith(f"<{ORIGIN}/api/runs?top=1&state=queued&continuation=")
    assert "Link" not in show(make("a")).headers


@pytest.mark.parametrize("name", ["code", "Code", "CODE", "clientid"])
def test_a_link_never_has_the_key(name: str) -> None:
    """The host finds its key under any case of its name, so each of them is left out of the link."""
    link = show(make("a", "b"), top="1", **{name: "secret"}).headers["Link"]
    assert "secret" not in link
    assert name.lower() not in link.lower()


def test_a_filter_is_found_in_any_case_of_its_name() -> None:
    """`State` and `state` are one parameter, as they are for the host."""
    assert ids(make("a"), State="failed") == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("state", "flying"),
        ("top", "0"),
        ("top", "201"),
        ("top", "x"),
        ("continuation", "?"),
        ("continuation", "WzFd"),
        ("continuation", "ImFiYyI="),
        ("continuation", "W10="),
        ("stat", "failed"),
        ("reports", "x"),
    ],
)
def test_what_cannot_be_listed_is_refused(name: str, value: str) -> None:
    """A query that cannot be used is refused with 400 and the name of the field."""
    response = show(make("a"), **{name: value})
    assert (response.status_code, read(response)["field"]) == (400, name)
