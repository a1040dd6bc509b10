"""The databases that the suite of generations runs against: in memory, and the emulator through the adapter."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol, Self

import orjson
from azure.cosmos import PartitionKey
from azure.cosmos.aio import ContainerProxy

from local.cosmos.control import Control
from local.cosmos.process import CosmosProcess
from outlast.cosmos.bulk.bulk_transport import BulkTransport
from outlast.cosmos.bulk.rate_controller import RateControllers
from outlast.cosmos.bulk.writer import Writer
from outlast.cosmos.client import Cosmos
from outlast.cosmos.snapshots.header import RUN, Snapshots, header_id, header_key
from outlast.cosmos.snapshots.store import CosmosSnapshots
from outlast.errors import Transient
from outlast.report import Report
from tests.contract.outlast.backends import DATABASE
from tests.fakes.reports import Stock
from tests.fakes.snapshots import FakeSnapshots
from tests.fakes.transport import FakeTransport

Document = dict[str, Any]


class Shelf(Stock):
    """A report whose container has a nested partition key path."""

    name = "shelf"
    container = "shelf"
    partition_key = "/place/shop"


class Aisle(Stock):
    """A report whose container has a hierarchical partition key."""

    name = "aisle"
    container = "aisle"
    partition_key = ("/place", "/shop")


def document(report: Report[Any], run: str, name: str, shop: Any) -> Document:
    """Return a document of a run's generation."""
    places = {"stock": {"shop": shop}, "shelf": {"place": {"shop": shop}}, "aisle": {"place": "here", "shop": shop}}
    return {"id": f"{name}:{run}", RUN: run, **places[report.name]}


class SnapshotBackend(Protocol):
    """A database and two adapters to it, `snapshots` and `others`, as two processes have them."""

    @property
    def snapshots(self) -> Snapshots: ...
    @property
    def others(self) -> Snapshots: ...
    async def put(self, report: Report[Any], documents: Iterable[Document]) -> None: ...
    async def ids(self, report: Report[Any], run: str) -> set[str]: ...
    def lose_answer(self, kind: str) -> None:
        """Apply the next operation of this kind and lose its answer. Kinds: `create`, `replace`, `remove`."""
        ...


Opener = Callable[[], AbstractAsyncContextManager[SnapshotBackend]]


class FakeBackend:
    """One fake that serves as both adapters."""

    def __init__(self) -> None:
        self.transport = FakeTransport()
        self.snapshots = FakeSnapshots(self.transport)
        self.others = self.snapshots

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        pass

    async def put(self, report: Report[Any], documents: Iterable[Document]) -> None:
        kept = self.transport.documents(report.container)
        kept.update({(orjson.dumps(_shop(one)), one["id"]): one for one in documents})

    async def ids(self, report: Report[Any], run: str) -> set[str]:
        found = self.transport.documents(report.container).values()
        return {one["id"] for one in found if one[RUN] == run}

    def lose_answer(self, kind: str) -> None:
        def lose() -> None:
            self.snapshots.when_done = lambda: None
            raise Transient("no answer")

        self.snapshots.when_done = lose


class CosmosBackend:
    """The emulator, with a client for each adapter."""

    def __init__(self, emulator: CosmosProcess) -> None:
        self.control = Control(emulator.url)
        self._clients = [Cosmos(emulator.url, emulator.key, DATABASE) for _ in range(2)]
        self.snapshots, self.others = (CosmosSnapshots(client, make_writer(client)) for client in self._clients)

    async def __aenter__(self) -> Self:
        for report in (Stock(), Shelf(), Aisle()):
            await self._forget(report)
        return self

    async def __aexit__(self, *error: object) -> None:
        self.control.remove_faults()
        for client in self._clients:
            await client.close()

    async def put(self, report: Report[Any], documents: Iterable[Document]) -> None:
        container = await self.container(report)
        for one in documents:
            await container.upsert_item(one)

    async def ids(self, report: Report[Any], run: str) -> set[str]:
        """Find a generation as docs/readers.md says."""
        found = (await self.container(report)).query_items(
            f"SELECT * FROM c WHERE c.{RUN} = @run", parameters=[{"name": "@run", "value": run}]
        )
        return {one["id"] async for one in found}

    def lose_answer(self, kind: str) -> None:
        self.control.add_fault(kind="bulk" if kind == "remove" else kind, reset=True, when="after", times=1)

    async def container(self, report: Report[Any]) -> ContainerProxy:
        return (await self._clients[1].database()).get_container_client(report.container)

    @asynccontextmanager
    async def made(self, name: str, partition_key: str) -> AsyncIterator[None]:
        """Create a container and delete it at the end."""
        database = await self._clients[0].database()
        await database.create_container(name, PartitionKey(partition_key))
        yield
        await database.delete_container(name)

    async def _forget(self, report: Report[Any]) -> None:
        """Delete the header, so that each check begins without one."""
        if await self.snapshots.header(report):
            await (await self.container(report)).delete_item(header_id(report), header_key(report))


def make_writer(cosmos: Cosmos) -> Writer:
    """The writer of a process."""
    made: dict[str, Any] = {"clock": time.monotonic, "sleep": asyncio.sleep, "jitter": random.random}
    return Writer(transport=BulkTransport(cosmos), controllers=RateControllers(time.monotonic), **made)


def _shop(one: Document) -> Any:
    return one["shop"] if "shop" in one else one["place"]["shop"]
