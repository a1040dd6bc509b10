import asyncio
import uuid
from collections.abc import Awaitable, Callable

import pytest

from local.cosmos.process import CosmosProcess
from outlast.cosmos.client import Cosmos
from outlast.errors import Permanent
from outlast.models import Json
from outlast.runs.app_documents import SECRET, AppDocuments, AppSecret, CosmosAppDocuments
from outlast.runs.listing import Listing
from outlast.runs.store import CosmosRuns
from tests.contract.outlast.backends import DATABASE, EMPTY
from tests.fakes.app_documents import FakeAppDocuments
from tests.fakes.clock import ManualClock

Check = Callable[[AppDocuments], Awaitable[None]]
Visit = Callable[[Check], None]


@pytest.fixture(params=["fake", "cosmos"])
def visit(request: pytest.FixtureRequest) -> Visit:
    """Gives a check the adapter."""
    if request.param == "fake":
        return lambda check: asyncio.run(wait(check(FakeAppDocuments())))
    emulator = request.getfixturevalue("emulator")

    async def with_cosmos(check: Check) -> None:
        cosmos = Cosmos(emulator.url, emulator.key, DATABASE)
        try:
            await check(CosmosAppDocuments(cosmos))
        finally:
            await cosmos.close()

    return lambda check: asyncio.run(with_cosmos(check))


async def wait(work: Awaitable[None]) -> None:
    await work


def counted(members: Json) -> Json:
    return {**members, "count": members.get("count", 0) + 1}


def test_no_change_of_a_document_is_lost(visit: Visit) -> None:
    """The first change makes the document, and each of several at once is applied to what the one before it left."""

    async def check(documents: AppDocuments) -> None:
        name = f"app:{uuid.uuid4().hex}"
        await asyncio.gather(*(documents.change(name, counted) for _ in range(8)))
        assert await documents.change(name, lambda members: members) == {"count": 8}
        assert await documents.change(f"{name}2", lambda members: members) == {}

    visit(check)


def test_instances_that_make_the_secret_at_once_agree(visit: Visit) -> None:
    """Each instance of the app computes the same id for a key, also in its first seconds."""

    async def check(documents: AppDocuments) -> None:
        found = await asyncio.gather(*(AppSecret(documents).get() for _ in range(8)))
        assert len(set(found)) == 1
        assert len(found[0]) == 64
        assert await AppSecret(documents).get() == found[0]

    visit(check)


def test_a_document_of_the_app_is_no_run(emulator: CosmosProcess) -> None:
    """It is not listed, not swept and not shown, although it lies among the run records."""

    async def check() -> None:
        cosmos = Cosmos(emulator.url, emulator.key, DATABASE)
        try:
            await AppSecret(CosmosAppDocuments(cosmos)).get()
            runs = CosmosRuns(cosmos, ManualClock().now)
            assert await runs.find(SECRET) is None
            assert SECRET not in [record.id for record in await runs.open_runs()]
            assert SECRET not in [record.id for record in await runs.newest(Listing(most=1000))]
        finally:
            await cosmos.close()

    asyncio.run(check())


def test_a_missing_container_is_permanent(emulator: CosmosProcess) -> None:
    """The error names the container that is to be created."""

    async def check() -> None:
        cosmos = Cosmos(emulator.url, emulator.key, EMPTY)
        try:
            await AppSecret(CosmosAppDocuments(cosmos)).get()
        finally:
            await cosmos.close()

    with pytest.raises(Permanent, match="the container runs does not exist"):
        asyncio.run(check())
