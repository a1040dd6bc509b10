"""Whole runs whose input is a query."""

import asyncio
from typing import Any

import pytest

from outlast.deadline import SHARE
from outlast.staging.queried import NAP
from tests.fakes.driver import Instance
from tests.fakes.world import World
from tests.unit.outlast.staging.test_queried import hash_of

COUNT = 90
QUERY = {"container": "orders", "sql": "SELECT * FROM c", "parameters": []}


def run(world: World, **fields: Any) -> Instance:
    usual = {"format": "jsonl", "query": QUERY, "reading": {"format": "jsonl", "compression": "", "encoding": "utf-8"}}
    return asyncio.run(world.run(b"", **{**usual, **fields}))


def filled(count: int = COUNT, bad: int = 0) -> World:
    world = World()
    world.queries.documents["orders"] = [
        (hash_of(n, COUNT), {"id": str(n), "shop": f"s{n % 7}", "amount": "x" if n < bad else n, "_ts": 1})
        for n in range(count)
    ]
    return world


def test_every_document_is_a_row() -> None:
    """The run stores what the report makes of each document of the query."""
    world = filled()
    end = run(world)
    assert (end.output["rows_read"], end.output["rows_stored"]) == (COUNT, COUNT)
    assert len(world.transport.documents("sales")) == COUNT


def test_a_wrong_document_is_a_reject() -> None:
    """A document that is no row is a reject, and the others are stored."""
    end = run(filled(bad=4), tolerated_rejects=4)
    assert (end.output["rows_read"], end.output["rows_rejected"]) == (COUNT, 4)


@pytest.mark.parametrize(("min_rows", "status"), [(0, "Completed"), (1, "Failed")])
def test_a_query_may_find_nothing(min_rows: int, status: str) -> None:
    """A query without a document is an input without rows, which a run may have or not."""
    assert run(filled(0), min_rows=min_rows).status == status


@pytest.mark.parametrize("charge", [150.0, 600.0])
def test_a_small_share_is_kept_over_many_calls(charge: float) -> None:
    """A query whose pages cost more than a call may read takes as long as its share allows. Each call ends at its
    deadline, and sleeps for a second at most between two looks."""
    world, took = filled(30), list[float]()
    world.queries.charge = charge
    read = world.steps["read_input_file"]

    async def timed(given: Any) -> Any:
        began = world.clock()
        answer = await read(given)
        took.append(world.clock() - began)
        return answer

    world.steps["read_input_file"] = timed
    assert run(world, read_ru_share=8.0).output["rows_stored"] == 30
    assert max(took) <= world.timeout * SHARE + NAP
    assert max(world.clock.slept) <= NAP
    assert sum(took) >= (world.queries.pages - 1) * charge / 8.0


def test_an_outage_of_the_database_costs_a_retry() -> None:
    """When the database fails while it is read, the step is retried and goes on where it was."""
    world = filled()
    failing = iter([False] * 5 + [True] * 3)

    def fail() -> None:
        if next(failing, False):
            raise ConnectionError("the database is away")

    world.queries.before_page = fail
    assert run(world).output["rows_stored"] == COUNT
