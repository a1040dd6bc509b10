"""Documents under hierarchical partition keys, by each transport that reaches a database."""

import uuid
from typing import Any

import pytest

from local.cosmos.process import CosmosProcess
from outlast.cosmos.bulk.outcome import Next, classify
from outlast.cosmos.bulk.staged_document import Deletion, Reading, StagedDocument, read_staged
from outlast.cosmos.bulk.transport import BATCH_DOCUMENT_BYTES
from outlast.cosmos.operation import staged_as
from outlast.errors import Permanent
from tests.contract.outlast.backends import Backend, BackendOpener, BulkBackend, SdkBackend, send
from tests.contract.outlast.cosmos.bulk.sending import visit

CONTAINER, KEY = "aisle", ("/place", "/shop")
REAL = {"sdk": SdkBackend, "bulk": BulkBackend}
large = pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")


@pytest.fixture(params=["sdk", "bulk"])
def open_backend(request: pytest.FixtureRequest, emulator: CosmosProcess) -> BackendOpener:
    return lambda: REAL[request.param](emulator)


def stage(mode: str, *contents: dict[str, Any]) -> list[StagedDocument]:
    staged = [staged_as(mode, content, [["place"], ["shop"]], row) for row, content in enumerate(contents, 2)]
    return read_staged(b"".join(one.encoded() for one in staged), mode)


def make(place: Any, shop: Any, count: int, **more: Any) -> list[dict[str, Any]]:
    return [{"id": f"d{n}", "place": place, "shop": shop, **more} for n in range(count)]


async def status(backend: Backend, *documents: StagedDocument) -> set[int]:
    """Return the statuses of documents of one partition key."""
    return {result.status for result in await send(backend.transport, CONTAINER, documents)}


async def stored(backend: Backend, document: StagedDocument) -> dict[str, Any]:
    """Return a document without the members that the service adds; nothing where it is missing."""
    (found,) = await send(backend.transport, CONTAINER, [Reading.of(document)])
    return {name: value for name, value in (found.content or {}).items() if not name.startswith("_")}


@pytest.mark.parametrize("shop", ["s", "", 7, -1.5, True, None, 'say "no", \\', "é,"])
def test_each_mode_reaches_a_document_under_all_levels(open_backend: BackendOpener, shop: Any) -> None:
    """A document is upserted, created, patched and deleted under both levels of its key, whatever their values."""

    async def check(backend: Backend) -> None:
        contents = make(uuid.uuid4().hex, shop, 3)
        made = stage("create", *contents)
        assert await status(backend, *made) == {201}
        assert (await send(backend.transport, CONTAINER, made[:1]))[0].status == 409
        assert await status(backend, *stage("upsert", *contents)) == {200}
        assert await status(backend, *stage("patch", *({**one, "n": 1} for one in contents))) == {200}
        assert await stored(backend, made[1]) == {**contents[1], "n": 1}
        assert await status(backend, *stage("delete", *contents[:2])) == {204}
        assert await status(backend, Deletion.of((contents[2]["place"], shop), "d2")) == {204}
        assert await stored(backend, made[1]) == {}

    visit(open_backend, check)


def test_the_same_id_lives_under_each_key(open_backend: BackendOpener) -> None:
    """Documents whose keys differ in one level are not the same."""

    async def check(backend: Backend) -> None:
        place = uuid.uuid4().hex
        first, second = stage("create", *make(place, "a", 1), *make(place, "b", 1))
        assert await status(backend, first) == await status(backend, second) == {201}
        assert (await stored(backend, first))["shop"] == "a"

    visit(open_backend, check)


@large
def test_a_large_document_is_written_under_all_levels(open_backend: BackendOpener) -> None:
    """A document that is too large for a batch is written and patched under both levels of its key."""

    async def check(backend: Backend) -> None:
        (content,) = make(uuid.uuid4().hex, "s", 1, text="x" * (BATCH_DOCUMENT_BYTES + 1))
        for mode in ("upsert", "patch"):
            (result,) = await send(backend.transport, CONTAINER, stage(mode, content))
            assert classify(result, CONTAINER) is Next.WRITTEN

    visit(open_backend, check)


def test_all_paths_of_the_key_are_checked(open_backend: BackendOpener) -> None:
    """A report must name all paths of a hierarchical key in their order."""

    async def check(backend: Backend) -> None:
        await backend.transport.check_partition_key(CONTAINER, KEY)
        for other in ("/place", ("/shop", "/place"), (*KEY, "/more")):
            with pytest.raises(Permanent, match="container aisle has the partition key /place, /shop"):
                await backend.transport.check_partition_key(CONTAINER, other)

    visit(open_backend, check)
