import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import azure.functions as func
import pytest

from outlast.deadline import Deadlines
from outlast.errors import Permanent, Transient
from outlast.http.problem import answering
from outlast.runs.record import RunRecord
from outlast.staging.corrections import Corrections
from outlast.staging.input import InputFiles
from outlast.staging.paths import correction_paths
from outlast.staging.store import Staging
from outlast.staging.unrecorded import UnrecordedBodies
from tests.fakes.endpoints import start_endpoint
from tests.fakes.records import altered, make_record
from tests.fakes.runs import FakeRuns
from tests.fakes.world import World
from tests.unit.outlast.http.test_start_once import RUN, Starts


class Refusing(FakeRuns):
    """A database that gives this error for each new record, after it was written or without writing it."""

    error: Exception = Permanent("the container runs does not exist")
    written = False

    async def create(self, record: RunRecord) -> bool:
        if self.written:
            await FakeRuns.create(self, record)
        raise self.error


def files(world: World) -> list[str]:
    """The name of every staged body."""
    return [path.rpartition("/")[2] for path, _ in asyncio.run(world.staging.list("runs"))]


def start_without_record(error: Exception, key: str | None, written: bool = False) -> Starts:
    starts = Starts()
    starts.world.runs = refusing = Refusing(starts.world.clock.now)
    refusing.error, refusing.written = error, written
    starts.handler = answering(start_endpoint(starts.world, starts.new_id))
    assert starts.post(key).status_code == 503
    return starts


@pytest.mark.parametrize("key", [None, "k1"])
def test_a_start_that_is_surely_not_recorded_leaves_no_body(key: str | None) -> None:
    """A start that the database refuses removes the body that it has staged."""
    starts = start_without_record(Permanent("the container runs does not exist"), key)
    assert files(starts.world) == []


@pytest.mark.parametrize("key", [None, "k1"])
@pytest.mark.parametrize("written", [False, True])
def test_a_body_without_a_record_is_found_and_removed(key: str | None, written: bool) -> None:
    """A body that a lost answer leaves is removed after an hour, unless its run is recorded after all."""
    starts = start_without_record(Transient("the database gave no answer"), key, written)
    world = starts.world
    assert len(files(world)) == 1
    removed_after(world, minutes=59)
    assert len(files(world)) == 1
    removed_after(world, minutes=61)
    assert len(files(world)) == written
    assert asyncio.run(world.staging.list("starting")) == []


class Killed(BaseException):
    """The process dies."""


class DyingStaging(Staging):
    """Dies just after this many files were written."""

    left = 0

    async def put(self, path: str, data: bytes | bytearray) -> None:
        await super().put(path, data)
        self.left -= 1
        if self.left == 0:
            raise Killed


class DyingRuns(FakeRuns):
    """Dies just after the record was written."""

    async def create(self, record: RunRecord) -> bool:
        await FakeRuns.create(self, record)
        raise Killed


@pytest.mark.parametrize(("written", "recorded", "bodies"), [(1, False, 0), (2, False, 0), (0, True, 1)])
def test_a_killed_start_leaves_no_body_without_a_record(written: int, recorded: bool, bodies: int) -> None:
    """Wherever a start dies, after an hour each staged body is that of a recorded run."""
    starts = Starts()
    starts.world.staging = dying = DyingStaging("memory:///")
    dying.left = written
    if recorded:
        starts.world.runs = DyingRuns(starts.world.clock.now)
    starts.handler = answering(start_endpoint(starts.world, starts.new_id))
    with pytest.raises(Killed):
        starts.post()
    removed_after(starts.world, minutes=61)
    assert set(files(starts.world)) == {record.request.body for record in starts.world.runs.records.values()}
    assert len(files(starts.world)) == bodies
    assert asyncio.run(starts.world.staging.list("starting")) == []


def removed_after(world: World, minutes: int) -> None:
    """Fire `remove_unrecorded` so many minutes from now."""
    later = datetime.now(UTC) + timedelta(minutes=minutes)
    bodies = UnrecordedBodies(
        runs=world.runs, staging=world.staging, now=lambda: later, deadlines=Deadlines(120.0, world.clock)
    )
    asyncio.run(bodies.remove_unrecorded(cast(func.TimerRequest, None)))


def test_of_two_requests_with_one_key_the_second_leaves_no_body() -> None:
    """The body of the request that does not start the run is removed at once."""
    starts = Starts()

    async def post_all() -> None:
        await asyncio.gather(*(starts.asked() for _ in range(10)))

    asyncio.run(post_all())
    assert set(files(starts.world)) == {starts.world.runs.records[RUN].request.body}


@pytest.mark.parametrize(
    ("fields", "kept"),
    [(None, False), ({"removing": True}, False), ({"removed": "2026-01-01T00:00:00+00:00"}, False), ({}, True)],
)
def test_a_correction_of_a_removed_run_is_removed(fields: dict[str, Any] | None, kept: bool) -> None:
    """What was staged of a correction goes an hour later if its run is removed, or about to be, and stays otherwise."""
    world, record = World(), make_record(state="failed")
    name = asyncio.run(Corrections(InputFiles(world.staging, world.staging)).stage(record, [(3, ["s3", "1"])]))
    staged = set(correction_paths("r1", name))
    if fields is not None:
        asyncio.run(world.runs.create(altered(record, **fields)))
    removed_after(world, minutes=59)
    assert staged <= {path for path, _ in asyncio.run(world.staging.list("runs"))}
    removed_after(world, minutes=61)
    assert {path for path, _ in asyncio.run(world.staging.list("runs"))} == (staged if kept else set())
    assert asyncio.run(world.staging.list("starting")) == []
