import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

import pytest

from local.cosmos.process import CosmosProcess
from outlast.cosmos.bulk.limits import Limits
from outlast.cosmos.snapshots import store as generations
from outlast.cosmos.snapshots.header import Edit, Generation, Header, Snapshots, published
from outlast.deadline import Deadline
from outlast.errors import Permanent, Transient
from outlast.report import Report
from tests.contract.outlast.snapshot_backends import (
    Aisle,
    CosmosBackend,
    FakeBackend,
    Opener,
    Shelf,
    SnapshotBackend,
    document,
)
from tests.fakes.reports import Stock

STOCK = Stock()
EARLY, LATE = Generation("r1", "2026-01-01"), Generation("r2", "2026-01-02")
SHOPS: tuple[Any, ...] = ("a", 'b"c', "ü", "", 7, 7.5, True, False, None)
"""Every kind of partition key that a document may have."""
T = TypeVar("T")


@pytest.fixture(params=["fake", "cosmos"])
def opened(request: pytest.FixtureRequest) -> Opener:
    return FakeBackend if request.param == "fake" else partial(CosmosBackend, request.getfixturevalue("emulator"))


def visit(opened: Opener, check: Callable[[SnapshotBackend], Awaitable[None]]) -> None:
    async def run() -> None:
        async with opened() as backend:
            await check(backend)

    asyncio.run(run())


def publishing(run: Generation, documents: int = 5, now: str = "t") -> Edit:
    return lambda header: published(header, STOCK.name, run, documents, now)


def numbered(header: Header | None) -> Header | None:
    """Return the header with one document more."""
    return header and replace(header, documents=header.documents + 1)


async def insist(work: Callable[[], Awaitable[T]]) -> T:
    """Repeat the work once after a Transient, as the retry policy of a step does."""
    try:
        return await work()
    except Transient:
        return await work()


async def remove_all(snapshots: Snapshots, report: Report[Any], run: str) -> list[int]:
    """Return what each call of `remove` found, up to the one that found nothing."""
    found = [await remove(snapshots, report, run)]
    while found[-1]:
        found.append(await remove(snapshots, report, run))
    return found


async def remove(snapshots: Snapshots, report: Report[Any], run: str) -> int:
    """Return how many documents one call of `remove` found."""
    limits = Limits(Deadline(time.monotonic() + 30, time.monotonic), let_pass)
    return (await snapshots.remove(report, run, limits)).found


async def let_pass() -> None:
    """A check that lets every request pass."""


async def put(backend: SnapshotBackend, run: str, count: int, report: Report[Any] = STOCK) -> None:
    await backend.put(report, (document(report, run, f"d{n}", SHOPS[n % len(SHOPS)]) for n in range(count)))


def test_nothing_is_current_before_the_first_publishing(opened: Opener) -> None:
    """A report that was never published has no header, and an edit that changes nothing creates none."""

    async def check(backend: SnapshotBackend) -> None:
        assert await backend.snapshots.header(STOCK) is None
        assert await backend.snapshots.change(STOCK, lambda header: header) is None
        assert await backend.snapshots.header(STOCK) is None

    visit(opened, check)


def test_what_is_published_is_current_and_the_one_before_is_remembered(opened: Opener) -> None:
    """A published run is current for every reader, and the header keeps the one before it."""

    async def check(backend: SnapshotBackend) -> None:
        first = await backend.snapshots.change(STOCK, publishing(EARLY, 5, "t1"))
        second = await backend.snapshots.change(STOCK, publishing(LATE, 7, "t2"))
        assert first == Header("stock", EARLY, 5, "t1")
        assert second == Header("stock", LATE, 7, "t2", (replace(EARLY, replaced="t2"),))
        assert await backend.others.header(STOCK) == second
        assert first
        assert second
        assert second.etag not in (None, first.etag)

    visit(opened, check)


def test_an_older_run_changes_nothing(opened: Opener) -> None:
    """Publishing an older run returns the current header and writes nothing."""

    async def check(backend: SnapshotBackend) -> None:
        newest = await backend.snapshots.change(STOCK, publishing(LATE))
        returned = await backend.others.change(STOCK, publishing(EARLY))
        found = await backend.snapshots.header(STOCK)
        assert (returned, found) == (newest, newest)
        assert found
        assert newest
        assert found.etag == newest.etag

    visit(opened, check)


@pytest.mark.parametrize("order", [(EARLY, LATE), (LATE, EARLY)])
def test_of_two_that_publish_at_once_the_newer_is_current(opened: Opener, order: tuple[Generation, ...]) -> None:
    """The newer of two runs that publish at once is current, whichever writes first."""

    async def check(backend: SnapshotBackend) -> None:
        adapters = (backend.snapshots, backend.others)
        returned = await asyncio.gather(
            *(each.change(STOCK, publishing(run)) for each, run in zip(adapters, order, strict=True))
        )
        header = await backend.snapshots.header(STOCK)
        assert header
        assert header.current == LATE
        early = returned[order.index(EARLY)]
        assert early
        assert early.holds("r1") == header.holds("r1")

    visit(opened, check)


def test_no_change_is_lost(opened: Opener) -> None:
    """Changes that two processes make at once are all applied, each to the result of another."""

    async def check(backend: SnapshotBackend) -> None:
        await backend.snapshots.change(STOCK, publishing(EARLY, 0))
        both = [adapter.change(STOCK, numbered) for adapter in (backend.snapshots, backend.others) for _ in range(8)]
        await asyncio.gather(*both)
        header = await backend.snapshots.header(STOCK)
        assert header
        assert header.documents == 16

    visit(opened, check)


@pytest.mark.parametrize("kind", ["create", "replace"])
def test_a_publishing_whose_answer_is_lost_is_done_once(opened: Opener, kind: str) -> None:
    """A publishing that is repeated after a lost answer names the run once in the header."""

    async def check(backend: SnapshotBackend) -> None:
        if kind == "replace":
            await backend.snapshots.change(STOCK, publishing(EARLY, now="t1"))
        backend.lose_answer(kind)
        header = await insist(lambda: backend.snapshots.change(STOCK, publishing(LATE, now="t2")))
        assert header
        assert (header.current, header.published) == (LATE, "t2")
        assert [generation.run for generation in header.previous] == (["r1"] if kind == "replace" else [])
        assert await backend.others.header(STOCK) == header

    visit(opened, check)


@pytest.mark.parametrize("report", [STOCK, Shelf(), Aisle()], ids=lambda report: report.name)
def test_a_generation_is_removed_and_nothing_else(opened: Opener, report: Report[Any]) -> None:
    """A removal deletes the generation's documents, whatever their partition keys, and no other document."""

    async def check(backend: SnapshotBackend) -> None:
        header = await backend.snapshots.change(report, lambda _: Header(report.name, LATE, 9, "t", (EARLY,)))
        for run in ("r1", "r2"):
            await put(backend, run, len(SHOPS), report)
        assert await remove_all(backend.snapshots, report, "r1") == [len(SHOPS), 0]
        assert (await backend.ids(report, "r1"), len(await backend.ids(report, "r2"))) == (set(), len(SHOPS))
        assert await backend.snapshots.header(report) == header

    visit(opened, check)
    visit(opened, lambda backend: _empty(backend, report, "r2"))


async def _empty(backend: SnapshotBackend, report: Report[Any], run: str) -> None:
    await remove_all(backend.snapshots, report, run)


def test_a_generation_is_removed_in_pages(opened: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each call of `remove` finds a limited number of documents, and the last one finds none."""
    monkeypatch.setattr(generations, "FOUND", 50)

    async def check(backend: SnapshotBackend) -> None:
        await put(backend, "r1", 120)
        assert await remove_all(backend.snapshots, STOCK, "r1") == [50, 50, 20, 0]
        assert await backend.ids(STOCK, "r1") == set()

    visit(opened, check)


def test_what_is_written_while_it_is_removed_goes_too(opened: Opener) -> None:
    """Documents that are written during a removal are removed too."""

    async def check(backend: SnapshotBackend) -> None:
        async def late() -> None:
            for number in range(40):
                await backend.put(STOCK, [document(STOCK, "r1", f"late{number}", "a")])
                await asyncio.sleep(0)

        await put(backend, "r1", 60)
        writing = asyncio.create_task(late())
        found = 0
        while not writing.done():
            found += await remove(backend.snapshots, STOCK, "r1")
            await asyncio.sleep(0)
        await writing
        found += sum(await remove_all(backend.snapshots, STOCK, "r1"))
        assert (found, await backend.ids(STOCK, "r1")) == (100, set())

    visit(opened, check)


def test_two_may_remove_the_same_at_once(opened: Opener) -> None:
    """Two processes that remove one generation at once leave no document of it."""

    async def check(backend: SnapshotBackend) -> None:
        await put(backend, "r1", 90)
        await asyncio.gather(*(remove_all(each, STOCK, "r1") for each in (backend.snapshots, backend.others)))
        assert await backend.ids(STOCK, "r1") == set()

    visit(opened, check)


def test_a_removal_whose_answer_is_lost_goes_on(opened: Opener) -> None:
    """A removal that is repeated after a lost answer leaves no document."""

    async def check(backend: SnapshotBackend) -> None:
        await put(backend, "r1", 60)
        backend.lose_answer("remove")
        await insist(lambda: remove(backend.snapshots, STOCK, "r1"))
        await remove_all(backend.snapshots, STOCK, "r1")
        assert await backend.ids(STOCK, "r1") == set()

    visit(opened, check)


# ---- what only the database can answer ----------------------------------------------------------------------------


def on_emulator(emulator: CosmosProcess, check: Callable[[CosmosBackend], Awaitable[None]]) -> None:
    async def run() -> None:
        async with CosmosBackend(emulator) as backend:
            await check(backend)

    asyncio.run(run())


@pytest.mark.parametrize("status", [408, 429, 449, 503])
def test_a_delete_that_is_turned_back_is_made_later(emulator: CosmosProcess, status: int) -> None:
    """A document whose delete was refused for a moment is deleted all the same."""

    async def check(backend: CosmosBackend) -> None:
        await put(backend, "r1", 30)
        backend.control.add_fault(kind="bulk", status=status, times=5, retry_after_ms=1)
        for _ in range(30):
            if not await remove(backend.snapshots, STOCK, "r1"):
                break
        assert await backend.ids(STOCK, "r1") == set()

    on_emulator(emulator, check)


@pytest.mark.parametrize("kind", ["read", "create", "replace", "query"])
@pytest.mark.parametrize(
    ("status", "error", "text"),
    [(503, Transient, "the database answered 503 for stock"), (403, Permanent, "the database refuses stock")],
)
def test_what_the_database_refuses_is_said_in_our_words(
    emulator: CosmosProcess, kind: str, status: int, error: type[Exception], text: str
) -> None:
    """A 403 of the database raises Permanent and a 503 raises Transient, both with Outlast's text, and the header stays
    as it was."""

    async def check(backend: CosmosBackend) -> None:
        before = None if kind == "create" else await backend.snapshots.change(STOCK, publishing(EARLY))
        backend.control.add_fault(kind=kind, container="stock", status=status)
        with pytest.raises(error, match=text):
            await (remove(backend.snapshots, STOCK, "r1") if kind == "query" else _publish(backend))
        backend.control.remove_faults()
        assert await backend.snapshots.header(STOCK) == before

    on_emulator(emulator, check)


async def _publish(backend: CosmosBackend) -> int:
    await backend.snapshots.change(STOCK, publishing(LATE))
    return 0


@pytest.mark.parametrize("known", [False, True])
def test_a_container_that_is_missing_is_named(emulator: CosmosProcess, known: bool) -> None:
    """A call for a missing container raises Permanent with its name, also when it existed a moment ago."""
    gone = type("Gone", (Stock,), {"container": "gone"})()
    publish = publishing(EARLY)

    async def check(backend: CosmosBackend) -> None:
        if known:
            async with backend.made("gone", "/shop"):
                assert await backend.snapshots.header(gone) is None
        calls: list[Callable[[], Awaitable[object]]] = [
            lambda: backend.snapshots.header(gone),
            lambda: backend.snapshots.change(gone, publish),
            lambda: remove(backend.snapshots, gone, "r1"),
        ]
        for call in calls:
            with pytest.raises(Permanent, match="the container gone does not exist"):
                await call()

    on_emulator(emulator, check)


def test_a_database_that_is_away_may_come_back(emulator: CosmosProcess) -> None:
    """A call to a database that does not answer raises Transient."""

    async def check(backend: CosmosBackend) -> None:
        backend.control.add_fault(kind="read", container="stock", reset=True)
        with pytest.raises(Transient, match="the database gave no answer for stock"):
            await backend.snapshots.header(STOCK)

    on_emulator(emulator, check)


def test_documents_are_counted_without_headers(opened: Opener) -> None:
    """The documents of all partitions are counted, and the header of the report is not."""

    async def check(backend: SnapshotBackend) -> None:
        await backend.put(STOCK, [document(STOCK, "r1", f"d{n}", shop) for n, shop in enumerate(SHOPS)])
        await backend.snapshots.change(STOCK, publishing(EARLY))
        count, ru = await backend.snapshots.count(STOCK)
        assert count == len(SHOPS)
        assert ru > 0

    visit(opened, check)
