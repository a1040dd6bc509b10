"""A container that is deleted and created again while the process lives."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, ClassVar

import pytest
from azure.core.pipeline.transport import AioHttpTransport
from azure.cosmos import PartitionKey
from azure.cosmos.aio import DatabaseProxy

from local.cosmos.control import Control
from local.cosmos.process import CosmosProcess
from outlast.cosmos import client
from outlast.cosmos.bulk.bulk_transport import BulkTransport
from outlast.cosmos.bulk.limits import Limits
from outlast.cosmos.bulk.rate_controller import MAX_OPERATIONS, RateControllers
from outlast.cosmos.bulk.writer import Writer
from outlast.cosmos.client import Cosmos
from outlast.cosmos.document import staged
from outlast.deadline import Deadline
from tests.contract.outlast.backends import DATABASE

NAME = "recreated"
DOCUMENTS = [staged({"id": str(row), "shop": f"s{row}"}, ["shop"], row) for row in range(60)]
"""So few that each range gets one batch."""


PAGES = 2
"""The SDK reads the ranges until the database says that there are no newer ones."""


class Counted(AioHttpTransport):  # type: ignore[misc]  # azure-core ships no types for it
    """Counts the requests that leave the process."""

    sent: ClassVar[Counter[str]] = Counter()

    async def send(self, request: Any, **config: Any) -> Any:
        path = request.url.partition("/colls/")[2]
        if path:
            self.sent[f"{request.method} {path.partition('/')[2] or 'container'}"] += 1
        return await super().send(request, **config)


@pytest.fixture(autouse=True)
def _counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "make_transport", lambda endpoint: Counted())


@asynccontextmanager
async def process(emulator: CosmosProcess) -> AsyncIterator[tuple[Writer, DatabaseProxy]]:
    """A writer as a process has it."""
    cosmos, controllers = Cosmos(emulator.url, emulator.key, DATABASE), RateControllers(time.monotonic, MAX_OPERATIONS)
    made: dict[str, Any] = {"clock": time.monotonic, "sleep": asyncio.sleep, "jitter": random.random}
    yield Writer(transport=BulkTransport(cosmos), controllers=controllers, **made), await cosmos.database()
    await cosmos.close()


async def write(writer: Writer) -> Counter[str]:
    """Write all documents; return the requests that this took."""
    Counted.sent = Counter()
    progress = await writer.write(NAME, DOCUMENTS, Limits(Deadline(time.monotonic() + 30, time.monotonic), let_pass))
    assert (progress.totals.documents, progress.refused) == (len(DOCUMENTS), [])
    return Counted.sent.copy()


async def let_pass() -> None:
    """A check that lets every request pass."""


async def create(emulator: CosmosProcess, database: DatabaseProxy, ranges: int) -> None:
    await database.create_container(NAME, PartitionKey("/shop"), offer_throughput=40_000)
    Control(emulator.url).set_partitions(DATABASE, NAME, ranges)


@pytest.mark.parametrize(("before", "after"), [(4, 4), (4, 2), (2, 5)])
def test_a_container_that_is_created_again_is_learned_once(emulator: CosmosProcess, before: int, after: int) -> None:
    """The first requests are refused, route and id are read once, and then requests are as many as in a new process."""

    async def run() -> None:
        async with process(emulator) as (writer, database):
            await create(emulator, database, before)
            await write(writer)
            await database.delete_container(NAME)
            await create(emulator, database, after)
            first, second = await write(writer), await write(writer)
            stored = Control(emulator.url).container(DATABASE, NAME)["partitions"]
            async with process(emulator) as (fresh, _):
                alone = await write(fresh)
            await database.delete_container(NAME)
        assert sum(each["documents"] for each in stored) == len(DOCUMENTS)
        assert second == Counter({"POST docs/": alone["POST docs/"]})
        assert alone["POST docs/"] == after
        assert first == Counter({"GET container": 1, "GET pkranges/": PAGES, "POST docs/": before + after})

    asyncio.run(run())
