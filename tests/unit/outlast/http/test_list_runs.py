import asyncio
from typing import Any

import azure.functions as func
import pytest

from outlast.http.list_runs import KeyedRuns, ListRuns
from outlast.http.problem import answering
from outlast.runs.ids import run_of_key
from tests.fakes.app_documents import SECRET_OF_TESTS, secret_of_tests
from tests.fakes.http import ORIGIN, ask, finish, read
from tests.fakes.world import World


def make(*accepted: str, **fields: Any) -> World:
    """Runs r0, r1, … accepted at these times."""
    world = World()
    for number, time in enumerate(accepted):
        asyncio.run(world.accept(b"", f"r{number}", accepted=time, **fields))
    return world


def show(world: World, **params: str) -> func.HttpResponse:
    return finish(
        answering(ListRuns(world.runs, KeyedRuns(["sales", "stock"], secret_of_tests).ids).list_runs)(
            ask("runs", params=params)
        )
    )


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
    ("params", "found"),
    [
        ({"from": "2026-01-02"}, ["r2", "r1"]),
        ({"to": "2026-01-02"}, ["r0"]),
        ({"from": "2026-01-01T12:00:00Z", "to": "2026-01-03"}, ["r1"]),
        ({"from": "2026-01-02T01:00:00+01:00", "to": "2026-01-02T00:00:00.001"}, ["r1"]),
        ({"from": "2026-01-02T01:00:00 01:00"}, ["r2", "r1"]),
    ],
)
def test_a_range_of_time_chooses(params: dict[str, str], found: list[str]) -> None:
    """Runs accepted from `from` on and before `to` are listed; a time without a zone is UTC."""
    assert ids(make(*(f"2026-01-0{day}T00:00:00.000+00:00" for day in (1, 2, 3))), **params) == found


def test_input_and_label_choose() -> None:
    """A run is found by the name or the reference of its input, and by its label."""
    world = make("2026-01-01", "2026-01-02", "2026-01-03")
    world.runs.set("r0", filename="a.csv", label="nightly")
    world.runs.set("r1", reference="a.csv")
    assert (ids(world, input="a.csv"), ids(world, label="nightly")) == (["r1", "r0"], ["r0"])
    assert (ids(world, input="a"), ids(world, input="a.csv", label="daily")) == ([], [])


def test_a_group_of_states_chooses() -> None:
    """`open` are the runs for which something is to be done, a pending email included, and `ended` are the others."""
    world = make("2026-01-01", "2026-01-02", "2026-01-03")
    world.runs.set("r0", state="failed", pending=["email"])
    world.runs.set("r1", state="completed")
    assert (ids(world, state="open"), ids(world, state="ended")) == (["r2", "r0"], ["r1"])


def test_a_key_finds_its_run() -> None:
    """The run of an `Idempotency-Key` is found under any report, or under the one that is named."""
    world = World()
    asyncio.run(world.accept(b"", run_of_key("stock", "k1", SECRET_OF_TESTS), accepted="2026-01-01", report="stock"))
    assert len(ids(world, key="k1")) == len(ids(world, key="k1", report="stock")) == 1
    assert ids(world, key="k2") == ids(world, key="k1", report="sales") == []


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
        ("from", "yesterday"),
        ("to", "0001-01-01T00:00:00+10:00"),
        ("top", "0"),
        ("top", "201"),
        ("top", "x"),
        ("top", "00000000199999"),
        ("top", "000000001" + "9" * 5000),
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
