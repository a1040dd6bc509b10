import asyncio
from typing import Any

import orjson
import pytest

from activities import read_input_file
from outlast.cosmos.bulk.transport import Result
from outlast.cosmos.errors import OWNER_MISSING
from outlast.errors import Permanent
from outlast.models import Json, Totals
from outlast.staging.paths import plan_path
from tests.fakes.reports import HEADER, Sales, make_csv
from tests.fakes.world import World, call_until_done


class Queried(Sales):
    queried = ("/shop",)


def prepare(body: bytes, **fields: Any) -> World:
    """Return a run that has generated its documents."""
    world = World(reports={"sales": Queried()})
    record = asyncio.run(world.prepare(body, "storing", **{"plan": True, **fields}))
    documents = Totals(documents=body.count(b"\n") - 1).to_dict()
    world.runs.set(record.id, state="resolving", totals=documents)
    return world


def plan(world: World) -> Json:
    """Call until the plan is made; return it as it is staged."""
    asyncio.run(
        call_until_done(world.steps["plan_report"], {"run": "r1", "attempt": world.runs.records["r1"].status.attempt})
    )
    staged: Json = orjson.loads(asyncio.run(world.staging.need(plan_path("r1"))))
    return staged


def test_rows_documents_and_bytes_are_counted() -> None:
    """A plan counts rows, documents and bytes, and estimates the request units of each physical partition."""
    shown = plan(prepare(make_csv(30)))
    assert (shown["rows"], shown["rejected"], shown["documents"]["total"], shown["sampled"]) == (30, 0, 30, 30)
    assert shown["bytes"] == sum(one["bytes"] for one in shown["partitions"]) > 30 * 30
    assert shown["request_units"] == pytest.approx(30 * (4.95 + 3 * 0.2))
    assert sum(one["request_units"] for one in shown["partitions"]) == pytest.approx(shown["request_units"])


def test_an_index_of_the_queried_paths_alone_would_cost_less() -> None:
    """A report that names its queried paths is told what an index of these alone would cost."""
    shown = plan(prepare(make_csv(30)))
    assert shown["request_units_of_queried"] == pytest.approx(30 * (4.95 + 0.2))


def test_rejects_are_shown() -> None:
    """A plan shows the rejected rows by code, with row and column."""
    shown = plan(prepare(make_csv(30, bad=[2, 5]), tolerated_rejects=5))
    [(code, found)] = shown["rejects"].items()
    assert (shown["rejected"], found["rows"], code) == (2, 2, "float_parsing")
    assert [(one["row"], one["column"]) for one in found["first"]] == [(4, "amount"), (7, "amount")]


def test_what_is_there_already_is_found() -> None:
    """Documents that are in the container are changed or unchanged, and cost a replace."""
    world = prepare(make_csv(30))
    there = world.transport.documents("sales")
    for number in range(10):
        key = orjson.dumps(f"shop{number % 3}")
        document = {"id": f"s{number:04}.0", "shop": f"shop{number % 3}", "amount": float(number if number < 4 else -1)}
        there[key, document["id"]] = document  # type: ignore[index]  # an id is text
    shown = plan(world)
    assert shown["documents"] == {"new": 20, "changed": 6, "unchanged": 4, "gone": 0, "total": 30}
    assert shown["request_units"] == pytest.approx(40 * (4.95 + 3 * 0.2))


def test_a_plan_is_made_in_as_many_calls_as_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan that is made in many calls is that of one call."""
    monkeypatch.setattr(read_input_file, "SMALLEST", 150)
    once, world = plan(prepare(make_csv(100))), prepare(make_csv(100))
    world.clock.tick = 50.0
    first = asyncio.run(world.call("plan_report"))
    assert first["cursor"] == {"chunk": 1}
    assert plan(world) == once


def test_a_plan_without_documents_costs_nothing() -> None:
    """A run without a row has a plan, with no partition and no request units."""
    shown = plan(prepare(HEADER, min_rows=0))
    assert (shown["request_units"], shown["partitions"], shown["documents"]["total"]) == (0.0, [], 0)


def test_an_approved_run_with_the_same_documents_goes_on() -> None:
    """The plan of an approved run is not made again, and its hash is found in the staged documents."""
    world = prepare(make_csv(30))
    approved = plan(world)["documents_sha256"]
    world.runs.set("r1", attempt=2, approved={"at": "2026", "documents_sha256": approved})
    answer = asyncio.run(world.call("plan_report", attempt=2))
    assert answer == {"cursor": None, "plan": None}


def test_an_approved_run_with_other_documents_stops() -> None:
    """An approved run whose staged documents have another hash raises Permanent."""
    world = prepare(make_csv(30))
    world.runs.set("r1", attempt=2, approved={"at": "2026", "documents_sha256": "other"})
    with pytest.raises(Permanent, match="and those of the approved plan other"):
        asyncio.run(world.call("plan_report", attempt=2))


def test_a_plan_without_its_container_fails_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container that is missing is named with its partition key, and the plan is not tried again and again."""
    world = prepare(make_csv(3))

    async def missing(transport: Any, container: str, stale: Any = None) -> Result:
        return Result(404, OWNER_MISSING)

    monkeypatch.setattr(type(world.transport), "route", missing)
    with pytest.raises(Permanent, match="the container sales does not exist; create it with the partition key /shop"):
        plan(world)
