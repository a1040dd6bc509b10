"""Creating, patching, deleting and reading documents, by each transport and by the fake."""

from typing import Any

import pytest

from local.cosmos.process import CosmosProcess
from outlast.cosmos.bulk.outcome import Next, classify
from outlast.cosmos.bulk.staged_document import Reading
from outlast.cosmos.bulk.transport import BATCH_DOCUMENT_BYTES, Result
from outlast.errors import Permanent
from tests.contract.outlast.backends import Backend, BackendOpener, BulkBackend, FakeBackend, SdkBackend, send
from tests.contract.outlast.cosmos.bulk.sending import new_shop, send_all, stage, visit
from tests.fakes.transport import lose

REAL = {"sdk": SdkBackend, "bulk": BulkBackend}
MEMBERS = (1, 10, 11, 40)
large = pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")


@pytest.fixture(params=["fake", "sdk", "bulk"])
def open_backend(request: pytest.FixtureRequest) -> BackendOpener:
    if request.param == "fake":
        return FakeBackend
    emulator = request.getfixturevalue("emulator")
    return lambda: REAL[request.param](emulator)


@pytest.fixture(params=["sdk", "bulk"])
def open_real_backend(request: pytest.FixtureRequest, emulator: CosmosProcess) -> BackendOpener:
    return lambda: REAL[request.param](emulator)


def statuses(results: list[Result]) -> list[int]:
    return [result.status for result in results]


def test_a_document_is_created(open_backend: BackendOpener) -> None:
    """Each document of a batch of creations returns 201 and a charge, and is in the database unchanged."""

    async def check(backend: Backend) -> None:
        shop = new_shop()
        contents = [{"id": f"d{n}", "shop": shop, "n": n} for n in range(3)]
        results = await send(backend.transport, "sales", stage("create", *contents))
        assert statuses(results) == [201] * 3
        assert all(result.charge > 0 for result in results)
        assert await backend.documents(shop) == {content["id"]: content for content in contents}

    visit(open_backend, check)


def test_a_document_that_exists_is_not_created(open_backend: BackendOpener) -> None:
    """A creation whose document exists returns 409 and changes nothing; the others are created."""

    async def check(backend: Backend) -> None:
        shop = new_shop()
        before = {"id": "d1", "shop": shop, "n": "before"}
        await send(backend.transport, "sales", stage("upsert", before))
        made = stage("create", *({"id": f"d{n}", "shop": shop, "n": n} for n in range(3)))
        results = await send(backend.transport, "sales", made)
        assert results[1].status == 409
        assert results[1].message
        assert classify(results[1], "sales") is Next.REFUSE
        await send_all(backend.transport, made)
        stored = await backend.documents(shop)
        assert (stored["d1"], set(stored)) == (before, {"d0", "d1", "d2"})

    visit(open_backend, check)


def test_a_creation_may_be_applied_although_its_answer_is_lost(open_backend: BackendOpener) -> None:
    """A creation whose answer is lost may be done, and is 409 when it is sent again."""

    async def check(backend: Backend) -> None:
        shop = new_shop()
        made = stage("create", {"id": "d0", "shop": shop})
        backend.meet(lose(applied=True))
        assert {classify(result, "sales") for result in await send(backend.transport, "sales", made)} <= {
            Next.LOST,
            Next.REFUSE,
        }
        backend.heal()
        assert statuses(await send(backend.transport, "sales", made)) == [409]
        assert set(await backend.documents(shop)) == {"d0"}

    visit(open_backend, check)


@large
def test_a_large_document_is_created_once(open_backend: BackendOpener) -> None:
    """A document that is too large for a batch is created, and is 409 when it exists."""

    async def check(backend: Backend) -> None:
        made = stage("create", {"id": "d0", "shop": new_shop(), "text": "x" * (BATCH_DOCUMENT_BYTES + 1)})
        assert statuses(await send(backend.transport, "sales", made)) == [201]
        assert statuses(await send(backend.transport, "sales", made)) == [409]

    visit(open_backend, check)


def test_documents_are_read(open_backend: BackendOpener) -> None:
    """A reading returns the document with the time of its last write, and 404 where it is missing."""

    async def check(backend: Backend) -> None:
        content = {"id": "d0", "shop": new_shop(), "n": [1.5, None, {"a": True}]}
        made = stage("create", content, {**content, "id": "d1"})
        await send(backend.transport, "sales", made[:1])
        (found,) = await send(backend.transport, "sales", [Reading.of(made[0])])
        read = found.content or {}
        assert found.status == 200
        assert {name: read[name] for name in content} == content
        assert isinstance(read["_ts"], int)
        (missing,) = await send(backend.transport, "sales", [Reading.of(made[1])])
        assert (missing.status, missing.substatus) == (404, 0)

    visit(open_backend, check)


@pytest.mark.parametrize("members", MEMBERS)
def test_members_are_set_by_a_patch(open_backend: BackendOpener, members: int) -> None:
    """A patch sets each of its members in the document that is there, in several patches where there are more than
    ten, and leaves the others as they are."""

    async def check(backend: Backend) -> None:
        shop = new_shop()
        before = {"id": "d0", "shop": shop, "m0": "before", "stays": 1}
        await send(backend.transport, "sales", stage("upsert", before, {**before, "id": "d1"}))
        change: dict[str, Any] = {f"m{n}": n for n in range(members)}
        results = await send(backend.transport, "sales", stage("patch", {"id": "d0", "shop": shop, **change}))
        assert statuses(results) == [200]
        assert results[0].charge > 0
        stored = await backend.documents(shop)
        assert stored == {"d0": {**before, **change}, "d1": {**before, "id": "d1"}}

    visit(open_backend, check)


@pytest.mark.parametrize("name", ["a/b", "a~b", "~1", "é", 'say "no"', "a b", "0", "-", "tab\t"])
def test_a_patch_sets_a_member_of_any_name(open_backend: BackendOpener, name: str) -> None:
    """A member is set under its own name, whatever signs are in it."""

    async def check(backend: Backend) -> None:
        shop = new_shop()
        await send(backend.transport, "sales", stage("upsert", {"id": "d0", "shop": shop}))
        patch = {"id": "d0", "shop": shop, name: {"in": [None, 1.5]}}
        assert statuses(await send(backend.transport, "sales", stage("patch", patch))) == [200]
        assert await backend.documents(shop) == {"d0": patch}

    visit(open_backend, check)


@pytest.mark.parametrize("members", MEMBERS)
def test_a_patch_of_a_missing_document_is_refused(open_backend: BackendOpener, members: int) -> None:
    """A patch whose document is missing returns 404 and makes none; the others of its batch are done."""

    async def check(backend: Backend) -> None:
        shop, change = new_shop(), {f"m{n}": n for n in range(members)}
        await send(backend.transport, "sales", stage("upsert", *({"id": f"d{n}", "shop": shop} for n in (0, 2))))
        patches = stage("patch", *({"id": f"d{n}", "shop": shop, **change} for n in range(2)))
        results = await send(backend.transport, "sales", patches)
        assert (results[1].status, results[1].substatus) == (404, 0)
        assert classify(results[1], "sales") is Next.REFUSE
        assert statuses(await send_all(backend.transport, patches)) == [200, 404]
        stored = await backend.documents(shop)
        assert stored == {"d0": {"id": "d0", "shop": shop, **change}, "d2": {"id": "d2", "shop": shop}}

    visit(open_backend, check)


@large
def test_a_large_patch_is_done(open_backend: BackendOpener) -> None:
    """A patch that is too large for a batch sets its members for a charge, and returns 404 where the document is
    missing."""

    async def check(backend: Backend) -> None:
        shop = new_shop()
        change = {"id": "d0", "shop": shop, **{f"m{n}": "x" * (BATCH_DOCUMENT_BYTES // 11) for n in range(12)}}
        assert statuses(await send(backend.transport, "sales", stage("patch", change))) == [404]
        await send(backend.transport, "sales", stage("upsert", {"id": "d0", "shop": shop}))
        (result,) = await send(backend.transport, "sales", stage("patch", change))
        assert classify(result, "sales") is Next.WRITTEN
        assert result.charge > 0
        assert await backend.documents(shop) == {"d0": change}

    visit(open_backend, check)


@pytest.mark.parametrize("mode", ["create", "patch", "delete"])
def test_what_is_missing_is_the_container(open_real_backend: BackendOpener, mode: str) -> None:
    """A missing container is no missing document: the result is classified as Permanent with the container's name."""

    async def check(backend: Backend) -> None:
        (document,) = stage(mode, {"id": "d0", "shop": "s", "n": 1})
        (result,) = await send(backend.transport, "nowhere", [document])
        with pytest.raises(Permanent, match="the container nowhere does not exist"):
            classify(result, "nowhere")

    visit(open_real_backend, check)
