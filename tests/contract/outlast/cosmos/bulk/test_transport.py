import asyncio
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from local.cosmos.process import CosmosProcess
from outlast.cosmos.bulk.bulk_transport import BulkTransport
from outlast.cosmos.bulk.outcome import Next, classify
from outlast.cosmos.bulk.sdk_transport import SdkTransport
from outlast.cosmos.bulk.staged_document import StagedDocument
from outlast.cosmos.bulk.transport import BATCH_DOCUMENT_BYTES, CONNECTION_LOST, Result, Transport
from outlast.cosmos.client import Cosmos
from outlast.cosmos.document import staged
from outlast.errors import Permanent
from tests.contract.outlast.places import DATABASE, SLOW, BulkPlace, FakePlace, PlaceOpener, SdkPlace, Target, send
from tests.fakes.transport import Fault, lose, throttle

large = pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")


REAL = {"sdk": SdkPlace, "bulk": BulkPlace}
each_transport = pytest.mark.parametrize("open_transport", [SdkTransport, BulkTransport])


@pytest.fixture(params=["fake", "sdk", "bulk"])
def open_place(request: pytest.FixtureRequest) -> PlaceOpener:
    if request.param == "fake":
        return FakePlace
    emulator = request.getfixturevalue("emulator")
    return lambda: REAL[request.param](emulator)


@pytest.fixture(params=["sdk", "bulk"])
def open_real_place(request: pytest.FixtureRequest, emulator: CosmosProcess) -> PlaceOpener:
    return lambda: REAL[request.param](emulator)


def visit(open_place: PlaceOpener, check: Callable[[Target], Awaitable[None]]) -> None:
    async def run() -> None:
        async with open_place() as target:
            await check(target)

    asyncio.run(run())


def make_lines(count: int, shop: Any = None, text: str = "") -> list[StagedDocument]:
    """Documents of one partition, by default one that no other test uses."""
    shop = uuid.uuid4().hex if shop is None else shop
    return [staged({"id": f"d{n}", "shop": shop, "text": text}, ["shop"], n + 2) for n in range(count)]


def shop_of(lines: list[StagedDocument]) -> Any:
    return lines[0].parsed()["shop"]


def verdicts(results: list[Result]) -> list[Next]:
    return [classify(result, "sales") for result in results]


@pytest.mark.parametrize("count", [1, 3, 100])
def test_a_batch_is_written(open_place: PlaceOpener, count: int) -> None:
    """Each document has its answer, created, with its charge; and all are in the database as they were."""

    async def check(target: Target) -> None:
        lines = make_lines(count)
        results = await send(target.transport, "sales", lines)
        assert [result.status for result in results] == [201] * count
        assert all(result.charge > 0 for result in results)
        assert await target.documents(shop_of(lines)) == {line.parsed()["id"]: line.parsed() for line in lines}

    visit(open_place, check)


def test_a_document_that_was_there_is_replaced(open_place: PlaceOpener) -> None:
    """The result of such a document has status 200."""

    async def check(target: Target) -> None:
        lines = make_lines(2)
        await send(target.transport, "sales", lines[:1])
        changed = make_lines(2, shop_of(lines), "changed")
        assert [result.status for result in await send(target.transport, "sales", changed)] == [200, 201]
        assert {each["text"] for each in (await target.documents(shop_of(lines))).values()} == {"changed"}

    visit(open_place, check)


@pytest.mark.parametrize("shop", [True, 7, 1.5, -0.5, "", "é", "a b/c?#", 'quote" and \\', "x" * 2000])
def test_a_partition_key_may_be_any_plain_value(open_place: PlaceOpener, shop: Any) -> None:
    """It is written where the document says."""

    async def check(target: Target) -> None:
        results = await send(target.transport, "sales", make_lines(2, shop))
        assert {result.status for result in results} <= {200, 201}
        assert set(await target.documents(shop)) >= {"d0", "d1"}

    visit(open_place, check)


@pytest.mark.parametrize("at", [0, 1, 4])
def test_a_refused_document_keeps_its_status(open_place: PlaceOpener, at: int) -> None:
    """Its neighbours are either written or 424, so that they are sent again: none is refused with it."""

    async def check(target: Target) -> None:
        lines = make_lines(5)
        shop = shop_of(lines)
        lines[at] = target.spoil(lines[at])
        results = await send(target.transport, "sales", lines)
        assert results[at].message
        neighbours = {result.status for n, result in enumerate(results) if n != at}
        assert (results[at].status, len(neighbours)) == (400, 1)
        assert neighbours <= {201, 424}
        assert len(await target.documents(shop)) == (4 if neighbours == {201} else 0)

    visit(open_place, check)


def test_a_document_that_is_refused_alone_keeps_its_status(open_place: PlaceOpener) -> None:
    """A batch of one document returns the status of that document."""

    async def check(target: Target) -> None:
        (line,) = make_lines(1)
        assert [r.status for r in await send(target.transport, "sales", [target.spoil(line)])] == [400]

    visit(open_place, check)


@large
def test_a_large_document_is_written(open_place: PlaceOpener) -> None:
    """Alone, outside a batch; a second time it is there still."""

    async def check(target: Target) -> None:
        lines = make_lines(1, text="x" * (BATCH_DOCUMENT_BYTES + 1))
        for _ in range(2):
            (result,) = await send(target.transport, "sales", lines)
            assert classify(result, "sales") is Next.WRITTEN
            assert result.charge > 0
        assert len(await target.documents(shop_of(lines))) == 1

    visit(open_place, check)


@pytest.mark.parametrize(
    ("fault", "verdict"),
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
    open_place: PlaceOpener, fault: Fault, verdict: Next
) -> None:
    """It is returned, not raised and not waited for; and nothing was written."""

    async def check(target: Target) -> None:
        lines = make_lines(3)
        target.meet(fault)
        results = await send(target.transport, "sales", lines)
        assert verdicts(results) == [verdict] * 3
        assert {result.retry_after for result in results} == {fault.retry_after}
        assert sum(result.charge for result in results) < 1
        assert await target.documents(shop_of(lines)) == {}

    visit(open_place, check)


@pytest.mark.parametrize("fault", [lose(applied=True), Fault(503, applied=True), Fault(408, applied=True)])
def test_an_answer_may_be_lost_when_the_write_is_done(open_place: PlaceOpener, fault: Fault) -> None:
    """The answer reads as if it were not."""

    async def check(target: Target) -> None:
        lines = make_lines(3)
        target.meet(fault)
        assert verdicts(await send(target.transport, "sales", lines)) == [Next.LOST] * 3
        assert len(await target.documents(shop_of(lines))) == 3

    visit(open_place, check)


@pytest.mark.parametrize("fault", [Fault(401), Fault(403)])
def test_a_refusal_of_the_caller_is_permanent(open_place: PlaceOpener, fault: Fault) -> None:
    """Returned with its status, from which the writer knows that nothing will help."""

    async def check(target: Target) -> None:
        target.meet(fault)
        results = await send(target.transport, "sales", make_lines(2))
        assert [result.status for result in results] == [fault.status] * 2
        with pytest.raises(Permanent, match="refuses writes to sales"):
            verdicts(results)

    visit(open_place, check)


def test_a_database_of_little_throughput_throttles(open_real_place: PlaceOpener) -> None:
    """It answers 429 with the time to wait, at once and not after the SDK's own nine attempts."""

    async def check(target: Target) -> None:
        for _ in range(30):
            results = await send(target.transport, SLOW, make_lines(50))
            if throttled := [result for result in results if result.status == 429]:
                break
        assert throttled
        assert all(0 < result.retry_after < 5 for result in throttled)
        assert set(verdicts(results)) <= {Next.THROTTLED, Next.AGAIN}

    visit(open_real_place, check)


def test_the_throughput_is_told(open_real_place: PlaceOpener) -> None:
    """Of which a run's share may be a fraction; where it cannot be read, the error says what to give instead."""

    async def check(target: Target) -> None:
        assert await target.transport.throughput("sales") > 0
        with pytest.raises(Permanent, match=r"throughput of nowhere cannot be read.*give ru_share in RU/s"):
            await target.transport.throughput("nowhere")

    visit(open_real_place, check)


def test_a_container_that_is_missing_is_permanent(open_real_place: PlaceOpener) -> None:
    """The error names the container."""

    async def check(target: Target) -> None:
        (result,) = await send(target.transport, "nowhere", make_lines(1))
        with pytest.raises(Permanent, match="the container nowhere does not exist"):
            classify(result, "nowhere")

    visit(open_real_place, check)


@each_transport
def test_a_wrong_key_is_permanent(open_transport: Callable[[Cosmos], Transport], emulator: CosmosProcess) -> None:
    """The error names the setting."""

    async def run() -> None:
        cosmos = Cosmos(emulator.url, "d3Jvbmc=", DATABASE)
        (result,) = await send(open_transport(cosmos), "sales", make_lines(1))
        await cosmos.close()
        with pytest.raises(Permanent, match=r"refuses writes to sales \(401\).* correct COSMOS_KEY"):
            classify(result, "sales")

    asyncio.run(run())


@each_transport
def test_a_database_that_is_gone_is_a_lost_answer(open_transport: Callable[[Cosmos], Transport]) -> None:
    """The result is CONNECTION_LOST and no exception, so the writer sends again."""

    async def run() -> None:
        cosmos = Cosmos("http://127.0.0.1:9", "d3Jvbmc=", DATABASE)
        results = await send(open_transport(cosmos), "sales", make_lines(2))
        await cosmos.close()
        assert [result.status for result in results] == [CONNECTION_LOST] * 2

    asyncio.run(run())
