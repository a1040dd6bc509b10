"""Queries against the emulator: ranges, pages, splits, throttling, refusals."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from azure.cosmos import CosmosClient, PartitionKey

from local.cosmos.control import Control
from local.cosmos.process import CosmosProcess
from outlast.cosmos import queries
from outlast.cosmos.client import Cosmos
from outlast.cosmos.queries import BadQuery, CosmosQueries, HashRange, Query
from outlast.errors import Permanent
from tests.contract.outlast.backends import DATABASE

COUNT = 400


@pytest.fixture
def container(emulator: CosmosProcess) -> str:
    """A container of two partitions with documents."""
    name = f"orders-{uuid.uuid4().hex}"
    with CosmosClient(emulator.url, emulator.key) as client:
        database = client.create_database_if_not_exists(DATABASE)
        made = database.create_container(name, PartitionKey("/customer"), offer_throughput=20_000)
        for number in range(COUNT):
            made.upsert_item({"id": f"d{number}", "customer": f"c{number % 97}", "n": number})
    return name


@asynccontextmanager
async def opened(emulator: CosmosProcess) -> AsyncIterator[CosmosQueries]:
    cosmos = Cosmos(emulator.url, emulator.key, DATABASE)
    try:
        yield CosmosQueries(cosmos)
    finally:
        await cosmos.close()


def visit(emulator: CosmosProcess, check: Callable[[CosmosQueries], Awaitable[None]]) -> None:
    async def run() -> None:
        async with opened(emulator) as reader:
            await check(reader)

    asyncio.run(run())


async def read_all(
    reader: CosmosQueries, query: Query, ranges: list[HashRange], after_page: Callable[[int], None] = lambda _: None
) -> list[str]:
    """The ids of all documents, a page of each range in turn."""
    found, left, pages = list[str](), list(ranges), 0
    while left:
        page = await reader.page(query, left.pop(0))
        left += page.left
        found += [document["id"] for document in page.documents]
        pages += 1
        after_page(pages)
    return found


@pytest.mark.parametrize("pieces", [1, 4])
def test_ranges_have_every_document_once(emulator: CosmosProcess, container: str, pieces: int) -> None:
    """Each partition is cut into so many pieces, which together have each document once."""

    async def check(reader: CosmosQueries) -> None:
        ranges = await reader.ranges(container, pieces)
        assert len(ranges) == 2 * pieces
        found = await read_all(reader, Query(container), ranges)
        assert sorted(found) == sorted(f"d{n}" for n in range(COUNT))

    visit(emulator, check)


def test_parameters_are_those_of_the_query(emulator: CosmosProcess, container: str) -> None:
    """The condition of a query and its parameters decide which documents are read."""
    query = Query(container, "SELECT * FROM c WHERE c.n < @most", [{"name": "@most", "value": 10}])

    async def check(reader: CosmosQueries) -> None:
        await reader.check(query)
        found = await read_all(reader, query, await reader.ranges(container, 3))
        assert sorted(found) == sorted(f"d{n}" for n in range(10))

    visit(emulator, check)


@pytest.mark.parametrize("at", [1, 2, 5, 9])
def test_a_split_between_pages_loses_and_doubles_nothing(
    emulator: CosmosProcess, container: str, at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When partitions are split while a query is read, each document is read once."""
    monkeypatch.setattr(queries, "PAGE", 20)
    control = Control(emulator.url)

    def split(pages: int) -> None:
        if pages == at:
            for range_id in ("0", "1"):
                control.split(DATABASE, container, range_id)

    async def check(reader: CosmosQueries) -> None:
        found = await read_all(reader, Query(container), await reader.ranges(container, 2), split)
        assert sorted(found) == sorted(f"d{n}" for n in range(COUNT))

    visit(emulator, check)


def test_a_throttled_page_says_when_to_ask_again(emulator: CosmosProcess, container: str) -> None:
    """A page that the database throttles has no document, the same range, and the seconds to wait."""
    control = Control(emulator.url)

    async def check(reader: CosmosQueries) -> None:
        [one, *_] = await reader.ranges(container, 1)
        control.add_fault(kind="query", status=429, substatus=3200, when="before", retry_after_ms=700)
        try:
            page = await reader.page(Query(container), one)
        finally:
            control.remove_faults()
        assert (page.documents, page.left, page.wait) == ([], [one], 0.7)

    visit(emulator, check)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM c ORDER BY c.n",
        "SELECT TOP 3 * FROM c",
        "SELECT * FROM c OFFSET 1 LIMIT 2",
        "SELECT VALUE COUNT(1) FROM c",
        "SELECT DISTINCT c.n FROM c",
    ],
)
def test_what_would_have_to_be_merged_is_refused(emulator: CosmosProcess, container: str, sql: str) -> None:
    """A query whose answers of several ranges would have to be merged raises BadQuery that says so."""

    async def check(reader: CosmosQueries) -> None:
        with pytest.raises(BadQuery, match="whose answers are not merged"):
            await reader.check(Query(container, sql))

    visit(emulator, check)


def test_a_wrong_query_is_refused_with_the_databases_words(emulator: CosmosProcess, container: str) -> None:
    """A query that the database cannot parse raises BadQuery with its message; a missing container is Permanent."""

    async def check(reader: CosmosQueries) -> None:
        with pytest.raises(BadQuery, match="Syntax error"):
            await reader.check(Query(container, "SELEC"))
        with pytest.raises(Permanent, match="does not exist"):
            await reader.check(Query("no-such"))

    visit(emulator, check)
