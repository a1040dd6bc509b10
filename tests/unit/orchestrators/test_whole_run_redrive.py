"""Whole runs that fail, and whose redrive does what is missing and nothing else."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from activities import read_input_file
from outlast.cosmos.bulk.staged_document import StagedDocument
from outlast.cosmos.bulk.transport import Result, Target
from outlast.http.problem import answering
from outlast.http.redrive_run import RedriveChecks, RedriveRun
from outlast.models import Json
from outlast.report import Document
from outlast.runs.launcher import Launcher
from outlast.staging.retention import Days
from tests.fakes.http import FakeClient, ask
from tests.fakes.reports import WITH_SNAPSHOT, Sale, Sales, make_csv
from tests.fakes.transport import FakeTransport, Fault
from tests.fakes.world import World

ROWS = 2000
GONE = Fault(503)


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of several hundred rows, so that the database goes in the middle of one."""
    monkeypatch.setattr(read_input_file, "SMALLEST", 7000)


async def redrive(world: World, **params: str) -> Json:
    """Redrive run r1 by its endpoint and drive it to its end; return its record."""
    days = Days(files=14, record=90, now=world.clock.now)
    checks = RedriveChecks(
        reports=world.reports, throughput=world.transport.throughput, days=days, timeout=world.timeout
    )
    redriving, client = RedriveRun(runs=world.runs, launcher=Launcher(5.0), checks=checks, owner=""), FakeClient()
    world.clock.advance(1000)
    response = await answering(redriving.redrive_run)(ask("runs/r1/redrive", params=params, run="r1"), client)
    assert response.status_code == 202, response.get_body()
    [(name, run, given)] = client.started
    await world.driver.run(name, given, run)
    return world.runs.records[run].to_document()


def sent(world: World) -> int:
    """The operations that were sent so far."""
    return sum(map(len, world.transport.sent))


def parts(world: World) -> set[str]:
    return {path for path, _ in asyncio.run(world.staging.list("runs")) if "/generated/" in path}


@dataclass(slots=True)
class Breaking(FakeTransport):
    """Refuses everything from that number of documents on, until it is mended."""

    most: int | None = None

    async def send(self, container: str, target: Target, documents: Sequence[StagedDocument]) -> list[Result]:
        broken = self.most is not None and len(self.documents(container)) >= self.most
        self.always = GONE if broken else None
        return await FakeTransport.send(self, container, target, documents)


def broken(share: float, **fields: Any) -> World:
    """Return a world whose run has failed when that share of the documents was stored, with the database mended."""
    transport = Breaking(most=int(share * ROWS))
    world = World(reports=dict(WITH_SNAPSHOT), transport=transport)
    asyncio.run(world.run(make_csv(ROWS), **fields))
    assert world.runs.records["r1"].status.state == "failed"
    transport.most = None
    return world


class Corrected(Sales):
    """Another release of the report, whose documents have one member more."""

    def generate_report(self, row: Sale, reference: Any) -> Iterable[Document]:
        for document in super().generate_report(row, reference):
            yield {**document, "corrected": True}


DIFFERING = ("seconds", "request_units", "sends", "throttled", "attempts", "seconds_by_phase")


def same(receipt: Json) -> Json:
    """The members of a receipt that do not depend on what went wrong."""
    return {name: value for name, value in receipt.items() if name not in DIFFERING}


@pytest.mark.parametrize("lanes", [1, 8])
def test_after_an_outage_only_what_is_missing_is_sent(lanes: int) -> None:
    """A database that is gone from 60 % of storing for longer than the retries last costs a redrive at most 2 % more
    operations than there are documents missing."""
    undisturbed = asyncio.run(World().run(make_csv(ROWS), max_parallel=lanes)).output
    world = broken(0.6, max_parallel=lanes)
    missing, before = ROWS - len(world.transport.documents("sales")), sent(world)
    record = asyncio.run(redrive(world))
    assert 0.35 * ROWS < missing <= 0.4 * ROWS
    assert (sent(world) - before) / missing <= 1.02
    assert (record["state"], record["attempt"]) == ("completed", 2)
    assert same(record["receipt"]) == same(undisturbed)


def test_nothing_is_generated_again() -> None:
    """A redrive stages no part again and calls no code of the report."""
    world = broken(0.5)
    staged, calls = parts(world), list[object]()
    world.compute.taking = calls.append
    assert asyncio.run(redrive(world))["state"] == "completed"
    assert (parts(world), calls) == (staged, [])


def test_a_corrected_report_generates_and_stores_everything_again() -> None:
    """With `regenerate` every document is made by the report as it is now, also those that were stored before."""
    world = broken(0.5)
    world.reports["sales"] = Corrected()  # type: ignore[index]  # a dictionary, as this file has made it
    record = asyncio.run(redrive(world, regenerate="true"))
    documents = world.transport.documents("sales").values()
    assert record["state"] == "completed"
    assert [document["corrected"] for document in documents] == [True] * ROWS


def test_a_snapshot_that_was_undone_is_stored_again() -> None:
    """The marks of the chunks of an undone snapshot count no more: all of it is stored, from what was staged."""
    world = broken(0.6, report="stock", mode="snapshot")
    assert world.transport.documents("stock") == {}
    staged = parts(world)
    record = asyncio.run(redrive(world))
    assert (record["state"], record["receipt"]["documents_written"]) == ("completed", ROWS)
    assert len(world.transport.documents("stock")) == ROWS
    assert parts(world) == staged


def test_more_rejects_are_tolerated_from_then_on() -> None:
    """A run that failed by its rejects completes when its redrive tolerates them, and generates the good rows once."""
    world, bad = World(), range(0, ROWS, 500)
    asyncio.run(world.run(make_csv(ROWS, bad=bad), tolerated_rejects=0))
    assert world.runs.records["r1"].status.state == "failed"
    record = asyncio.run(redrive(world, tolerated_rejects=str(len(bad))))
    assert record["state"] == "completed"
    assert (record["receipt"]["rows_stored"], record["receipt"]["rows_rejected"]) == (ROWS - len(bad), len(bad))


def test_a_redriven_run_may_lose_its_workers_as_often_as_a_new_one() -> None:
    """The attempts before a redrive do not count for how often the run begins again by itself."""
    world = broken(0.5)
    world.runs.set("r1", attempt=4)
    world.driver.dying["run_wave"] = 3
    record = asyncio.run(redrive(world))
    assert (record["state"], record["attempt"]) == ("completed", 8)


def test_a_run_is_redriven_again_and_again() -> None:
    """A redriven run that fails again can be redriven again, and sends an email of its own."""
    world = broken(0.3)
    assert isinstance(world.transport, Breaking)
    world.transport.most = int(0.6 * ROWS)
    assert asyncio.run(redrive(world))["state"] == "failed"
    world.transport.most = None
    assert asyncio.run(redrive(world))["state"] == "completed"
    assert len(world.mailer.emails) == 2
