"""Whole runs that wait for the approval of their plan."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import pytest

from activities import read_input_file
from outlast.http.approve_run import ApproveRun
from outlast.http.cancel_run import CancelRun
from outlast.http.problem import answering
from outlast.models import Json
from outlast.runs.launcher import Launcher
from outlast.staging.digest import chained
from outlast.staging.parts import Generated
from outlast.staging.paths import plan_path
from tests.fakes.driver import Driver, Instance
from tests.fakes.grouped_reports import Totals
from tests.fakes.http import FakeClient, ask
from tests.fakes.reports import ALL_REPORTS, WITH_MIRROR, WITH_SNAPSHOT, make_csv
from tests.fakes.world import World

ROWS = 500
DAY = 86_400.0


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of about a hundred rows."""
    monkeypatch.setattr(read_input_file, "SMALLEST", 1500)


class Raising(FakeClient):
    """A client whose events reach the driver."""

    def __init__(self, driver: Driver) -> None:
        super().__init__()
        self.driver = driver

    async def raise_event(self, instance_id: str, event_name: str, event_data: Any = None, *_: Any, **__: Any) -> None:
        await self.driver.raise_event(instance_id, event_name, event_data)


def run(world: World, decide: Callable[[int], Awaitable[None]], **fields: Any) -> Instance:
    """Run r1 with a plan. `decide` is called each time that it begins to wait, with the number of that wait."""
    waits = 0

    async def waiting(instance_id: str) -> None:
        nonlocal waits
        waits += 1
        await decide(waits)

    world.driver.waiting = waiting
    return asyncio.run(world.run(make_csv(ROWS), plan=True, **fields))


def approve(world: World) -> Callable[[int], Awaitable[None]]:
    """Approve at the first wait."""

    async def decide(wait: int) -> None:
        if wait == 1:
            handler = answering(ApproveRun(world.runs, Launcher(5.0), world.clock.now).approve_run)
            assert (await handler(ask("approve", run="r1"), Raising(world.driver))).status_code == 202

    return decide


async def nobody(wait: int) -> None:
    """Nobody decides anything."""


def plan_of(world: World) -> Json:
    plan: Json = orjson.loads(asyncio.run(world.staging.need(plan_path("r1"))))
    return plan


async def hash_of_parts(world: World) -> str:
    found, chunks = "", (await world.files.find_chunks("r1"))
    assert chunks is not None
    for chunk in range(len(chunks.chunks)):
        generated = Generated(world.staging, "r1", chunk)
        staged = [await world.staging.need(generated.path(n, part.documents)) async for n, part in generated.parts()]
        found = chained(found, [hashlib.sha256(data).hexdigest() for data in staged])
    return found


def test_exactly_what_was_planned_is_stored() -> None:
    """Nothing is written before the approval, and then the documents of the plan are, byte by byte."""
    world, before = World(), list[int]()

    async def decide(wait: int) -> None:
        before.append(len(world.transport.documents("sales")) + len(world.transport.sent))
        assert world.runs.records["r1"].status.state == "planned"
        await approve(world)(wait)

    receipt = run(world, decide).output
    record, plan = world.runs.records["r1"], plan_of(world)
    assert before == [0]
    assert (record.status.state, record.status.attempt, receipt["documents_written"]) == ("completed", 2, ROWS)
    assert plan["documents"] == {"new": ROWS, "changed": 0, "unchanged": 0, "gone": 0, "total": ROWS}
    assert plan["documents_sha256"] == receipt["documents_sha256"] == asyncio.run(hash_of_parts(world))
    assert (record.status.approved or {})["documents_sha256"] == plan["documents_sha256"]


def test_nothing_is_generated_again_after_the_approval() -> None:
    """The attempt that stores finds every part, and calls no code of the report."""
    world, calls = World(), list[int]()

    async def decide(wait: int) -> None:
        world.compute.taking = lambda window: calls.append(1)
        await approve(world)(wait)

    run(world, decide)
    assert (world.runs.records["r1"].status.state, calls) == ("completed", [])


def test_a_plan_whose_documents_have_changed_is_not_stored() -> None:
    """A run whose staged documents are not those of its plan fails before anything is stored."""
    world = World()

    async def decide(wait: int) -> None:
        world.runs.set("r1", planned={**(world.runs.records["r1"].status.planned or {}), "documents_sha256": "other"})
        await approve(world)(wait)

    assert run(world, decide).status == "Failed"
    assert (world.runs.records["r1"].status.state, world.transport.sent) == ("failed", [])
    assert "have the hash" in (world.runs.records["r1"].result.failure or {})["text"]


def test_a_plan_that_nobody_approves_expires() -> None:
    """A run waits a day at a time, as a new execution each, and ends as expired after its days, without an email."""
    world = World()
    instance = run(world, nobody, plan_days=2.5)
    record = world.runs.records["r1"]
    assert (record.status.state, record.status.outcome, record.open) == ("expired", "expired", False)
    assert (instance.status, "nobody approved the plan" in str(instance.output)) == ("Failed", True)
    assert (len(world.driver.timers), world.transport.sent, world.mailer.emails) == (3, [], [])
    assert instance.generations == 5


def test_a_plan_is_approved_on_any_day() -> None:
    """An approval that comes while the run waits as a later execution is found."""
    world = World()

    async def decide(wait: int) -> None:
        if wait == 4:
            await approve(world)(1)

    run(world, decide)
    assert (world.runs.records["r1"].status.state, len(world.driver.timers)) == ("completed", 3)


def test_a_cancelled_plan_writes_nothing() -> None:
    """A planned run that is cancelled is woken and ends as cancelled, without an email and without a document."""
    world = World()

    async def decide(wait: int) -> None:
        handler = answering(CancelRun(world.runs, Launcher(5.0)).cancel_run)
        await handler(ask("cancel", run="r1"), Raising(world.driver))

    run(world, decide)
    assert (world.runs.records["r1"].status.state, world.transport.sent) == ("cancelled", [])
    assert world.mailer.emails == []


def test_a_planned_run_gives_its_seat_back_and_takes_one_again() -> None:
    """While a run is planned the only seat is free, and its approval waits for one like any other run."""
    world, taken = World(most_runs=1), list[tuple[str, ...]]()

    async def decide(wait: int) -> None:
        taken.append(await world.admission.seats.taken())
        await approve(world)(wait)

    run(world, decide)
    assert taken == [()]
    assert world.runs.records["r1"].status.state == "completed"
    assert asyncio.run(world.admission.seats.taken()) == ()


def test_a_run_without_a_plan_does_not_wait() -> None:
    """A run that asks for no plan makes none."""
    world = World()
    asyncio.run(world.run(make_csv(ROWS)))
    assert (world.driver.count("plan_report"), world.runs.records["r1"].status.state) == (0, "completed")


def test_too_many_rejects_fail_the_run_before_it_plans() -> None:
    """A run that fails by its rejects makes no plan."""
    world = World()
    asyncio.run(world.run(make_csv(ROWS, bad=[3]), plan=True))
    assert (world.driver.count("plan_report"), world.runs.records["r1"].status.state) == (0, "failed")


def test_a_snapshot_is_planned_too() -> None:
    """All documents of a snapshot are new, and none is looked for."""
    world = World(reports=WITH_SNAPSHOT)
    run(world, approve(world), report="stock", mode="snapshot")
    assert world.runs.records["r1"].status.state == "completed"
    assert plan_of(world)["documents"]["new"] == ROWS


def test_documents_that_lose_to_another_row_are_not_planned() -> None:
    """Of two rows with one document the plan counts the one that is stored, and the other as a reject."""
    world, waiting = World(), list[int]()

    async def decide(wait: int) -> None:
        waiting.append(wait)
        await approve(world)(wait)

    world.driver.waiting = lambda instance_id: decide(len(waiting) + 1)
    body = make_csv(ROWS) + make_csv(2).split(b"\n", 1)[1]
    receipt = asyncio.run(world.run(body, plan=True, tolerated_rejects=2)).output
    plan = plan_of(world)
    assert (plan["rows"], plan["rejected"], plan["documents"]["total"]) == (ROWS + 2, 2, ROWS)
    assert plan["rejects"]["duplicate"]["rows"] == 2
    assert (receipt["rows_rejected"], receipt["documents_written"]) == (2, ROWS)


def test_a_grouped_report_is_planned_by_its_groups() -> None:
    """The plan of a grouped report counts the rows of its input and the documents of its groups."""
    world = World(reports={"totals": Totals()})
    world.driver.waiting = lambda instance_id: approve(world)(1)
    receipt = asyncio.run(world.run(make_csv(ROWS), plan=True, report="totals", grouped=True)).output
    plan = plan_of(world)
    assert world.runs.records["r1"].status.state == "completed"
    assert (plan["rows"], plan["documents"]["total"]) == (ROWS, receipt["documents_written"])
    assert plan["documents_sha256"] == receipt["documents_sha256"]
    assert 0 < plan["documents"]["total"] < ROWS


@pytest.mark.parametrize(("mode", "estimated"), [("create", True), ("patch", False), ("delete", False)])
def test_what_cannot_be_estimated_is_left_out(mode: str, estimated: bool) -> None:
    """A plan of each write mode counts documents; with `patch` and `delete` it has no request units."""
    report = next(name for name, one in ALL_REPORTS.items() if one.mode == mode)
    world = World(reports=dict(ALL_REPORTS))
    world.driver.waiting = lambda instance_id: approve(world)(1)
    asyncio.run(world.run(make_csv(ROWS), plan=True, report=report, mode=mode, tolerated_rejects=ROWS, min_rows=0))
    plan = plan_of(world)
    assert world.runs.records["r1"].status.state == "completed"
    assert (plan["documents"]["total"], plan["request_units"] is not None) == (ROWS, estimated)


def test_a_mirror_is_planned_exactly() -> None:
    """The plan of a mirror report says what is new, changed, unchanged and gone, and that is what its run does."""
    world, before = World(reports=dict(WITH_MIRROR)), make_csv(100)
    head, *lines = make_csv(107).splitlines(keepends=True)
    changed = [line.replace(b",1\n", b".5,1\n") for line in lines[10:15]]
    after = b"".join([head, *changed, *lines[15:]])
    asked: dict[str, Any] = {"report": "shelf", "mode": "mirror", "max_delete_percent": 100.0}
    asyncio.run(world.run(before, **asked))
    world.clock.advance(1)
    world.driver.waiting = lambda instance_id: decided(world, instance_id)
    receipt = asyncio.run(world.run(after, "r2", plan=True, **asked)).output
    plan: Json = orjson.loads(asyncio.run(world.staging.need(plan_path("r2"))))
    assert plan["documents"] == {"new": 7, "changed": 5, "unchanged": 85, "gone": 10, "total": 97}
    assert (receipt["documents_written"], receipt["documents_deleted"]) == (12, 10)
    assert (receipt["rows_unchanged"], plan["sampled"]) == (85, 0)


async def decided(world: World, run: str) -> None:
    """Approve a run."""
    await ApproveRun(world.runs, Launcher(5.0), world.clock.now).approve_run(
        ask("approve", run=run), Raising(world.driver)
    )
