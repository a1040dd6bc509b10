import asyncio
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from local.cosmos.process import CosmosProcess
from outlast.cosmos.bulk.bulk_transport import BulkTransport
from outlast.cosmos.bulk.outcome import Next, classify
from outlast.cosmos.bulk.sdk_transport import SdkTransport
from outlast.cosmos.bulk.staged_document import Deletion, StagedDocument
from outlast.cosmos.bulk.transport import BATCH_DOCUMENT_BYTES, CONNECTION_LOST, Result, Transport
from outlast.cosmos.client import Cosmos
from outlast.cosmos.document import staged
from outlast.errors import Permanent
from tests.contract.outlast.backends import (
    DATABASE,
    SLOW,
    Backend,
    BackendOpener,
    BulkBackend,
    FakeBackend,
    SdkBackend,
    send,
)
from tests.fakes.transport import Fault, lose, throttle

large = pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")


REAL = {"sdk": SdkBackend, "bulk": BulkBackend}
each_transport = pytest.mark.parametrize("open_transport", [SdkTransport, BulkTransport])


@pytest.fixture(params=["fake", "sdk", "bulk"])
def open_backend(request: pytest.FixtureRequest) -> BackendOpener:
    if request.param == "fake":
        return FakeBackend
    emulator = request.getfixturevalue("emulator")
    return lambda: REAL[request.param](emulator)


@pytest.fixture(params=["sdk", "bulk"])
def open_real_backend(request: pytest.FixtureRequest, emulator: CosmosProcess) -> BackendOpener:
    return lambda: REAL[request.param](emulator)


def visit(open_backend: BackendOpener, check: Callable[[Backend], Awaitable[None]]) -> None:
    async def run() -> None:
        async with open_backend() as backend:
            await check(backend)

    asyncio.run(run())


def make_documents(count: int, shop: Any = None, text: str = "") -> list[StagedDocument]:
    """Return documents of one partition, by default of one that no other test uses."""
    shop = uuid.uuid4().hex if shop is None else shop
    return [staged({"id": f"d{n}", "shop": shop, "text": text}, ["shop"], n + 2) for n in range(count)]


def shop_of(documents: list[StagedDocument]) -> Any:
    return documents[0].parsed()["shop"]


def outcomes(results: list[Result]) -> list[Next]:
    return [classify(result, "sales") for result in results]


@pytest.mark.parametrize("count", [1, 3, 100])
def test_a_batch_is_written(open_backend: BackendOpener, count: int) -> None:
    """Each document of a batch returns 201 and a charge, and is in the database unchanged."""

    async def check(backend: Backend) -> None:
        documents = make_documents(count)
        results = await send(backend.transport, "sales", documents)
        assert [result.status for result in results] == [201] * count
        assert all(result.charge > 0 for result in results)
        assert await backend.documents(shop_of(documents)) == {
            document.parsed()["id"]: document.parsed() for document in documents
        }

    visit(open_backend, check)


def test_a_document_that_was_there_is_replaced(open_backend: BackendOpener) -> None:
    """A document that exists is replaced and returns 200."""

    async def check(backend: Backend) -> None:
        documents = make_documents(2)
        await send(backend.transport, "sales", documents[:1])
        changed = make_documents(2, shop_of(documents), "changed")
        assert [result.status for result in await send(backend.transport, "sales", changed)] == [200, 201]
        assert {each["text"] for each in (await backend.documents(shop_of(documents))).values()} == {"changed"}

    visit(open_backend, check)


@pytest.mark.parametrize("shop", [True, 7, 1.5, -0.5, "", "é", "a b/c?#", 'quote" and \\', "x" * 2000])
def test_a_partition_key_may_be_any_plain_value(open_backend: BackendOpener, shop: Any) -> None:
    """A document with a partition key of any plain type is found under that key."""

    async def check(backend: Backend) -> None:
        results = await send(backend.transport, "sales", make_documents(2, shop))
        assert {result.status for result in results} <= {200, 201}
        assert set(await backend.documents(shop)) >= {"d0", "d1"}

    visit(open_backend, check)


@pytest.mark.parametrize("at", [0, 1, 4])
def test_a_refused_document_keeps_its_status(open_backend: BackendOpener, at: int) -> None:
    """A refused document returns its own status, and its neighbours are either all written or all return 424."""

    async def check(backend: Backend) -> None:
        documents = make_documents(5)
        shop = shop_of(documents)
        documents[at] = backend.spoil(documents[at])
        results = await send(backend.transport, "sales", documents)
        assert results[at].message
        neighbours = {result.status for n, result in enumerate(results) if n != at}
        assert (results[at].status, len(neighbours)) == (400, 1)
        assert neighbours <= {201, 424}
        assert len(await backend.documents(shop)) == (4 if neighbours == {201} else 0)

    visit(open_backend, check)


def test_a_document_that_is_refused_alone_keeps_its_status(open_backend: BackendOpener) -> None:
    """A refused document in a batch of one returns its own status."""

    async def check(backend: Backend) -> None:
        (document,) = make_documents(1)
        assert [r.status for r in await send(backend.transport, "sales", [backend.spoil(document)])] == [400]

    visit(open_backend, check)


@pytest.mark.parametrize("shop", ["a shop", 7, 'quote" and \\'])
def test_documents_are_deleted(open_backend: BackendOpener, shop: Any) -> None:
    """Each document of a batch of deletions is gone, and one that was gone before is UNCHANGED."""

    async def check(backend: Backend) -> None:
        await send(backend.transport, "sales", make_documents(5, shop))
        deletions = [Deletion.of(shop, f"d{number}") for number in (0, 2, 4)]
        for status in (204, 304):
            left = deletions
            results = await send(backend.transport, "sales", left)
            while again := [one for one, result in zip(left, results, strict=True) if result.status == 424]:
                results = await send(backend.transport, "sales", left := again)
            assert {result.status for result in results} == {status}
            assert set(await backend.documents(shop)) & {f"d{number}" for number in range(5)} == {"d1", "d3"}

    visit(open_backend, check)


@large
def test_a_large_document_is_written(open_backend: BackendOpener) -> None:
    """A document that is too large for a batch is written, also when it exists already."""

    async def check(backend: Backend) -> None:
        documents = make_documents(1, text="x" * (BATCH_DOCUMENT_BYTES + 1))
        for _ in range(2):
            (result,) = await send(backend.transport, "sales", documents)
            assert classify(result, "sales") is Next.WRITTEN
            assert result.charge > 0
        assert len(await backend.documents(shop_of(documents))) == 1

    visit(open_backend, check)


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (throttle(0.034), Next.THROTTLED),
        (Fault(449), Next.LOST),
        (Fault(410, 1002), Next.LOST),
        (Fault(408), Next.LOST),
        (Fault(503), Next.LOST),
        (Fault(500), Next.LOST),
        (lose(applied=False), Next.LOST),
        (Fault(413), Next.REFUSE),
    ],
)
def test_an_answer_to_the_whole_request_is_one_to_each_operation(
    open_backend: BackendOpener, fault: Fault, outcome: Next
) -> None:
    """The status of a request that fails as a whole is returned at once for each operation, and nothing is written."""

    async def check(backend: Backend) -> None:
        documents = make_documents(3)
        backend.meet(fault)
        results = await send(backend.transport, "sales", documents)
        assert outcomes(results) == [outcome] * 3
        assert {result.retry_after for result in results} == {fault.retry_after}
        assert sum(result.charge for result in results) < 1
        assert await backend.documents(shop_of(documents)) == {}

    visit(open_backend, check)


@pytest.mark.parametrize("fault", [lose(applied=True), Fault(503, applied=True), Fault(408, applied=True)])
def test_an_answer_may_be_lost_when_the_write_is_done(open_backend: BackendOpener, fault: Fault) -> None:
    """A lost answer returns the same result whether or not the write was applied."""

    async def check(backend: Backend) -> None:
        documents = make_documents(3)
        backend.meet(fault)
        assert outcomes(await send(backend.transport, "sales", documents)) == [Next.LOST] * 3
        assert len(await backend.documents(shop_of(documents))) == 3

    visit(open_backend, check)


@pytest.mark.parametrize("fault", [Fault(401), Fault(403)])
def test_a_refusal_of_the_caller_is_permanent(open_backend: BackendOpener, fault: Fault) -> None:
    """A 401 or 403 is returned as a result, which the writer classifies as Permanent."""

    async def check(backend: Backend) -> None:
        backend.meet(fault)
        results = await send(backend.transport, "sales", make_documents(2))
        assert [result.status for result in results] == [fault.status] * 2
        with pytest.raises(Permanent, match="refuses writes to sales"):
            outcomes(results)

    visit(open_backend, check)


def test_a_database_of_little_throughput_throttles(open_real_backend: BackendOpener) -> None:
    """A 429 is returned with the time to wait, without the retries of the SDK."""

    async def check(backend: Backend) -> None:
        for _ in range(30):
            results = await send(backend.transport, SLOW, make_documents(50))
            throttled = [result for result in results if result.status == 429]
            if throttled and Next.WRITTEN not in outcomes(results):  # a slow request meets the next second's throughput
                break
        assert throttled
        assert all(0 < result.retry_after < 5 for result in throttled)
        assert set(outcomes(results)) <= {Next.THROTTLED, Next.AGAIN}

    visit(open_real_backend, check)


def test_the_throughput_is_read(open_real_backend: BackendOpener) -> None:
    """The transport reads a container's throughput, and raises Permanent with advice if it cannot."""

    async def check(backend: Backend) -> None:
        assert await backend.transport.throughput("sales") > 0
        with pytest.raises(Permanent, match=r"throughput of nowhere cannot be read.*give ru_share in RU/s"):
            await backend.transport.throughput("nowhere")

    visit(open_real_backend, check)


def test_a_container_that_is_missing_is_permanent(open_real_backend: BackendOpener) -> None:
    """The result for a missing container is classified as Permanent with the container's name."""

    async def check(backend: Backend) -> None:
        (result,) = await send(backend.transport, "nowhere", make_documents(1))
        with pytest.raises(Permanent, match="the container nowhere does not exist"):
            classify(result, "nowhere")

    visit(open_real_backend, check)


def test_the_partition_key_of_a_container_is_checked(open_backend: BackendOpener) -> None:
    """A report whose partition key is not the container's fails for good, with both keys in the error."""

    async def check(backend: Backend) -> None:
        await backend.transport.check_partition_key("sales", "/shop")
        with pytest.raises(Permanent, match=r"container sales has the partition key /shop, .* key /place/shop"):
            await backend.transport.check_partition_key("sales", "/place/shop")

    visit(open_backend, check)


@each_transport
def test_a_wrong_key_is_permanent(open_transport: Callable[[Cosmos], Transport], emulator: CosmosProcess) -> None:
    """The result for a wrong key is classified as Permanent with the setting's name."""

    async def run() -> None:
        cosmos = Cosmos(emulator.url, "d3Jvbmc=", DATABASE)
        (result,) = await send(open_transport(cosmos), "sales", make_documents(1))
        await cosmos.close()
        with pytest.raises(Permanent, match=r"refuses writes to sales \(401\).* correct COSMOS_KEY"):
            classify(result, "sales")

    asyncio.run(run())


@each_transport
def test_a_database_that_is_gone_is_a_lost_answer(open_transport: Callable[[Cosmos], Transport]) -> None:
    """A database that cannot be reached returns a lost answer for each document, so that the writer sends it again."""

    async def run() -> None:
        cosmos = Cosmos("http://127.0.0.1:9", "d3Jvbmc=", DATABASE)
        results = await send(open_transport(cosmos), "sales", make_documents(2))
        await cosmos.close()
        assert [result.status for result in results] == [CONNECTION_LOST] * 2

    asyncio.run(run())
