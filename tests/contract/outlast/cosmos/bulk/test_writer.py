import asyncio
import random
import time
import uuid
from collections.abc import Awaitable, Callable

import pytest
from azure.cosmos import CosmosClient, DatabaseProxy, PartitionKey

from local.cosmos.control import Control
from local.cosmos.process import CosmosProcess
from outlast.cosmos.bulk.bulk_transport import BulkTransport
from outlast.cosmos.bulk.limits import Limits
from outlast.cosmos.bulk.rate_controller import RateControllers
from outlast.cosmos.bulk.sdk_transport import SdkTransport
from outlast.cosmos.bulk.staged_document import StagedDocument
from outlast.cosmos.bulk.transport import Transport
from outlast.cosmos.bulk.write_progress import WriteProgress
from outlast.cosmos.bulk.writer import Writer
from outlast.cosmos.client import Cosmos
from outlast.cosmos.document import staged
from outlast.deadline import Deadline
from tests.contract.outlast.backends import DATABASE


@pytest.fixture(params=[SdkTransport, BulkTransport])
def open_transport(request: pytest.FixtureRequest) -> Callable[[Cosmos], Transport]:
    chosen: Callable[[Cosmos], Transport] = request.param
    return chosen


def open_database(emulator: CosmosProcess) -> DatabaseProxy:
    return CosmosClient(emulator.url, emulator.key).get_database_client(DATABASE)


def make_container(emulator: CosmosProcess, name: str, version: int = 2) -> None:
    """Create a container of four ranges with more throughput than the tests need."""
    open_database(emulator).create_container(
        name,
        PartitionKey("/shop", version=version),
        offer_throughput=40_000,
        initial_headers={"x-ms-emulator-partitions": "4"},
    )


def stored(emulator: CosmosProcess, name: str) -> int:
    return sum(part["documents"] for part in Control(emulator.url).container(DATABASE, name)["partitions"])


def make_documents(count: int, shops: int = 20) -> list[StagedDocument]:
    documents = [staged({"id": f"d{n}", "shop": f"s{n % shops}"}, ["shop"], n + 2) for n in range(count)]
    return sorted(documents, key=lambda document: (document.effective_partition_key, document.row))


async def write(writer: Writer, container: str, documents: list[StagedDocument]) -> WriteProgress:
    async def let_pass() -> None:
        pass

    limits = Limits(Deadline(time.monotonic() + 60, time.monotonic), let_pass)
    return await writer.write(container, documents, limits)


async def sleep_shortly(seconds: float) -> None:
    """Sleep 20 ms at most, because the emulator's faults end by themselves."""
    await asyncio.sleep(min(seconds, 0.02))


def writing(
    emulator: CosmosProcess, open_transport: Callable[[Cosmos], Transport], story: Callable[[Writer], Awaitable[None]]
) -> None:
    """Run a story with a writer on the emulator."""

    async def run() -> None:
        cosmos = Cosmos(emulator.url, emulator.key, DATABASE)
        transport = open_transport(cosmos)
        clock = time.monotonic
        await story(
            Writer(
                transport=transport,
                clock=clock,
                sleep=sleep_shortly,
                jitter=random.random,
                controllers=RateControllers(clock),
            )
        )
        await cosmos.close()
        Control(emulator.url).remove_faults()

    asyncio.run(run())


@pytest.mark.parametrize("version", [1, 2])
def test_all_is_written(emulator: CosmosProcess, open_transport: Callable[[Cosmos], Transport], version: int) -> None:
    """The writer writes every document into a container of either hash version."""
    name = f"w{uuid.uuid4().hex}"
    make_container(emulator, name, version)

    async def story(writer: Writer) -> None:
        progress = await write(writer, name, make_documents(600))
        assert (progress.acknowledged, progress.refused, progress.totals.documents) == (600, [], 600)

    writing(emulator, open_transport, story)
    assert stored(emulator, name) == 600


def test_answers_lost_behind_the_write_cost_nothing(
    emulator: CosmosProcess, open_transport: Callable[[Cosmos], Transport]
) -> None:
    """Connections that break after the write lose, refuse and double no document, and each is counted once."""
    name = f"w{uuid.uuid4().hex}"
    make_container(emulator, name)
    for kind in ("bulk", "batch"):
        Control(emulator.url).add_fault(container=name, kind=kind, reset=True, when="after", times=6)

    async def story(writer: Writer) -> None:
        progress = await write(writer, name, make_documents(600))
        assert (progress.acknowledged, progress.refused, progress.totals.documents) == (600, [], 600)

    writing(emulator, open_transport, story)
    assert stored(emulator, name) == 600


def test_a_split_while_writing_costs_nothing(
    emulator: CosmosProcess, open_transport: Callable[[Cosmos], Transport]
) -> None:
    """The writer sends the documents of a range that was split to its two new ranges."""
    name = f"w{uuid.uuid4().hex}"
    make_container(emulator, name)
    for number, after in (("0", 50), ("2", 200)):
        Control(emulator.url).split(DATABASE, name, number, after=after)

    async def story(writer: Writer) -> None:
        for _ in range(2):
            progress = await write(writer, name, make_documents(600))
            assert (progress.acknowledged, progress.refused) == (600, [])

    writing(emulator, open_transport, story)
    assert stored(emulator, name) == 600


def test_a_container_that_was_created_again_is_found(
    emulator: CosmosProcess, open_transport: Callable[[Cosmos], Transport]
) -> None:
    """The writer writes every document into a container that was deleted and created again between two calls."""
    name = f"w{uuid.uuid4().hex}"
    make_container(emulator, name)

    async def story(writer: Writer) -> None:
        await write(writer, name, make_documents(100))
        await asyncio.to_thread(open_database(emulator).delete_container, name)
        await asyncio.to_thread(make_container, emulator, name)
        progress = await write(writer, name, make_documents(300))
        assert (progress.acknowledged, progress.refused) == (300, [])

    writing(emulator, open_transport, story)
    assert stored(emulator, name) == 300
