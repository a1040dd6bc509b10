"""Whole runs of a grouped report with the real activities over fakes, driven in one process."""

import asyncio
import csv
import io
import math
from fractions import Fraction
from typing import Any

import azure.functions as func
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activities import read_input_file
from outlast.http.show_rejects import ShowRejects
from outlast.models import Json
from outlast.staging import shards
from outlast.wanted import wanted_of
from tests.fakes.driver import Instance
from tests.fakes.grouped_reports import GROUPED
from tests.fakes.http import ask
from tests.fakes.reports import HEADER, Sale, make_csv
from tests.fakes.world import World

SHOPS = st.sampled_from(["a", "b", "c", "dd", "same1", "raise"])
AMOUNTS = st.sampled_from(["1", "0.1", "1e16", "-1e16", "?", "3.3"])
SALES = st.lists(st.tuples(SHOPS, AMOUNTS), min_size=1, max_size=60)


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of a few rows, and shards of a few groups."""
    monkeypatch.setattr(read_input_file, "SMALLEST", 150)
    monkeypatch.setattr(shards, "USUAL", 2_000)


def run(world: World, body: bytes, **fields: Any) -> Instance:
    usual = {"report": "shop_totals", "grouped": True, "tolerated_reject_percent": 100.0}
    return asyncio.run(world.run(body, **{**usual, **fields}))


def stored(world: World) -> dict[str, Json]:
    return {name: document for (_, name), document in world.transport.documents("shop-totals").items()}


def rejects(world: World) -> list[list[str]]:
    shown: func.HttpResponse = asyncio.run(
        ShowRejects(world.runs, world.files, world.clock).show_rejects(ask("runs/r1/rejects", run="r1"))
    )
    return list(csv.reader(io.StringIO(shown.get_body().decode(), newline="")))[1:]


def test_a_grouped_report_is_stored_and_its_counts_add_up() -> None:
    """Rows read are rows stored and rejected; the rejects of rows and of groups are listed."""
    world = World(reports=GROUPED)
    instance = run(world, make_csv(50, bad=(7,)) + b"x1,raise,1,1\nx2,raise,2,1\n")
    receipt = instance.output
    assert (receipt["rows_read"], receipt["rows_rejected"], receipt["rows_stored"]) == (52, 3, 49)
    assert receipt["documents_written"] == 3
    assert sum(document["rows"] for document in stored(world).values()) == 49
    assert [row[:3] for row in rejects(world)] == [["9", "amount", "float_parsing"], ["52", "", "error"]]
    assert world.runs.records["r1"].status.state == "completed"


def test_the_rejects_of_groups_name_the_file_of_their_first_row() -> None:
    """Whether the report or the database refuses a group, the reject begins with the file and the row in it."""
    world = World(reports=GROUPED)
    world.transport.poison = {"shop1": 400}

    async def accept() -> Instance:
        for path, rows in (("a.csv", make_csv(1)), ("b.csv", make_csv(3) + b"x,raise,1,1\n")):
            await world.inputs.put(path, rows)
        body = orjson.dumps([[path, await world.inputs.etag(path)] for path in ("a.csv", "b.csv")])
        fields: dict[str, Any] = {"report": "shop_totals", "grouped": True, "tolerated_rejects": 9}
        return await world.run(body, several=True, wanted=wanted_of(Sale).to_dict(), **fields)

    assert asyncio.run(accept()).status == "Completed"
    assert {row[3].partition(":")[0] for row in rejects(world)} == {"b.csv, row 3", "b.csv, row 5"}


def test_a_document_that_the_database_refuses_costs_the_rows_of_its_group() -> None:
    """All of them count as rejected, and the reject has the number of the first."""
    world = World(reports=GROUPED)
    world.transport.poison = {"shop1": 400}
    receipt = run(world, make_csv(50)).output
    assert (receipt["rows_stored"], receipt["rows_rejected"]) == (33, 17)
    assert [row[:3] for row in rejects(world)] == [["3", "", "database_400"]]


def test_of_two_groups_with_one_document_the_one_that_begins_later_wins() -> None:
    """The other group's rows are rejects, counted with all its rows and listed by its first, in whatever shards."""
    body = make_csv(30) + b"x1,same1,1,1\nx2,same1,2,1\nx3,same2,5,1\nx4,same1,3,1\n"
    for usual in (300, 10**6):
        world = World(reports=GROUPED)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(shards, "USUAL", usual)
            receipt = run(world, body).output
        assert stored(world)["same"]["amount"] == 5
        assert (receipt["rows_read"], receipt["rows_stored"], receipt["rows_rejected"]) == (34, 31, 3)
        assert [row[:3] for row in rejects(world)] == [["32", "id", "duplicate"]]


def test_groups_that_fail_beyond_the_tolerance_fail_the_run_before_anything_is_written() -> None:
    """The two rows of one group are two rejects, of which one is tolerated."""
    world = World(reports=GROUPED)
    body = make_csv(9) + b"x1,raise,1,1\nx2,raise,2,1\n"
    instance = run(world, body, tolerated_rejects=1, tolerated_reject_percent=None)
    assert instance.status == "Failed"
    assert "2 of 11 rows were rejected and 1 rows are tolerated" in str(instance.output)
    assert stored(world) == {}


def body_of(sales: list[tuple[str, str]]) -> bytes:
    return HEADER + b"".join(
        b"s%d,%b,%b,1\n" % (n, shop.encode(), amount.encode()) for n, (shop, amount) in enumerate(sales)
    )


def reference(sales: list[tuple[str, str]]) -> dict[str, Any]:
    """What a plain loop finds: rows, sum, first row and the two largest of each shop."""
    found: dict[str, Any] = {}
    good = [(n, shop, float(amount)) for n, (shop, amount) in enumerate(sales) if amount != "?"]
    for shop in {shop for _, shop, _ in good} - {"raise"}:
        own = [(n, amount) for n, other, amount in good if other == shop]
        found["same" if shop == "same1" else shop] = {
            "rows": len(own),
            "amount": math.fsum(amount for _, amount in own),
            "mean": float(sum(Fraction(amount) for _, amount in own) / len(own)),
            "first": f"s{own[0][0]}",
            "top": [f"s{n}" for n, _ in sorted(own, key=lambda one: (-one[1], one[0]))[:2]],
        }
    return found


@settings(max_examples=40, deadline=None)
@given(SALES, st.integers(30, 400), st.integers(1, 4), st.integers(0, 10**6), st.sampled_from([300, 10**6]))
def test_the_result_is_that_of_a_plain_loop(
    sales: list[tuple[str, str]], chunk: int, lanes: int, seed: int, shard: int
) -> None:
    """Whatever the size of chunks and shards, the lanes and the order in which they end, floats to the last bit."""
    world = World(reports=GROUPED, seed=seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(read_input_file, "SMALLEST", chunk)
        patch.setattr(shards, "USUAL", shard)
        instance = run(world, body_of(sales), max_parallel=lanes, min_rows=0)
    assert instance.status == "Completed", instance.output
    wanted = reference(sales)
    assert {shop: {name: one[name] for name in wanted[shop]} for shop, one in stored(world).items()} == wanted
    refused = sum(amount == "?" or shop == "raise" for shop, amount in sales)
    assert instance.output["rows_rejected"] == refused
