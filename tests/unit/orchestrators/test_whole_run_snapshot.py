"""Whole runs of a snapshot report."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from outlast.cosmos.snapshots.header import Generation, Header
from outlast.errors import Permanent
from tests.fakes.driver import Instance
from tests.fakes.reports import HEADER, WITH_SNAPSHOT, make_csv
from tests.fakes.world import World


def make() -> World:
    return World(reports=WITH_SNAPSHOT)


def run(world: World, rows: int, name: str = "r1", **fields: Any) -> Instance:
    return asyncio.run(world.run(make_csv(rows), name, report="stock", mode="snapshot", **fields))


def current(world: World) -> list[str]:
    """Return the ids that a reader sees."""
    header = world.snapshots.headers.get("stock")
    documents = world.transport.documents("stock").values()
    return sorted(d["snapshot_id"] for d in documents if header and d["snapshot_run"] == header.current.run)


def runs_left(world: World) -> set[str]:
    return {document["snapshot_run"] for document in world.transport.documents("stock").values()}


def test_a_run_is_seen_whole_when_it_is_published() -> None:
    """A published run is seen whole in place of the one before, whose documents stay."""
    world = make()
    run(world, 100)
    assert len(current(world)) == 100
    world.clock.advance(1)
    assert run(world, 40, "r2").status == "Completed"
    assert (len(current(world)), runs_left(world)) == (40, {"r1", "r2"})
    assert [g.run for g in world.snapshots.headers["stock"].previous] == ["r1"]


@pytest.mark.parametrize("body", [HEADER, HEADER + b"a,x,?,1\nb,x,?,1\n"])
def test_a_run_without_rows_replaces_nothing(body: bytes) -> None:
    """A header alone, or rows that are all rejected, fail the run before anything is written, unless min_rows is 0."""
    world = make()
    run(world, 10)
    world.clock.advance(1)
    asked = {"report": "stock", "mode": "snapshot", "tolerated_reject_percent": 100.0}
    failed = asyncio.run(world.run(body, "r2", min_rows=1, **asked))
    assert (failed.status, len(current(world)), runs_left(world)) == ("Failed", 10, {"r1"})
    assert "at least 1 must be (min_rows)" in str(failed.output)
    assert asyncio.run(world.run(body, "r3", min_rows=0, **asked)).status == "Completed"
    assert current(world) == []


@pytest.mark.parametrize("step", ["store_data_to_db", "publish_report"])
def test_a_run_that_fails_leaves_nothing_and_readers_see_what_they_saw(step: str) -> None:
    """The documents of a failed run are deleted after functionTimeout and 15 seconds, and the email says so."""
    world = make()
    run(world, 100)
    began = world.clock.now()
    world.driver.fail(step, Permanent("no"), times=99)
    assert run(world, 400, "r2").status == "Failed"
    assert (len(current(world)), runs_left(world)) == (100, {"r1"})
    record = world.runs.records["r2"]
    assert (record.status.state, record.status.pending) == ("failed", [])
    assert world.driver.timers == [(began + timedelta(seconds=world.timeout + 15)).isoformat()]
    assert "have been removed again" in world.mailer.emails[0].text


def test_a_run_that_stored_nothing_does_not_wait() -> None:
    """A run that fails before storing waits for nothing, undoes nothing and sends its email."""
    world = make()
    world.driver.fail("generate_report", Permanent("no"), times=99)
    assert run(world, 10).status == "Failed"
    assert (world.driver.timers, world.driver.count("undo_report"), len(world.mailer.emails)) == ([], 0, 1)


def test_an_older_run_does_not_replace_a_newer_one() -> None:
    """An older run completes as superseded, its documents are deleted, and no email is sent."""
    world = make()
    newer = Header("stock", Generation("r9", "2099-01-01"), 0, "2099-01-01")
    world.snapshots.headers["stock"] = newer
    instance = run(world, 30)
    assert (instance.status, instance.output["superseded_by"]) == ("Completed", "r9")
    assert (world.snapshots.headers["stock"], runs_left(world)) == (newer, set())
    record = world.runs.records["r1"]
    assert (record.status.state, record.status.pending, world.mailer.asked) == ("superseded", [], 0)


def test_a_run_whose_last_word_was_lost_is_completed() -> None:
    """A run that is published but loses every answer of its publishing is completed."""
    world = make()
    world.driver.fail("publish_report", OSError("gone"), times=5, after=True)
    instance = run(world, 30)
    assert (instance.status, instance.output["rows_stored"]) == ("Completed", 30)
    assert (world.runs.records["r1"].status.state, len(current(world)), world.mailer.asked) == ("completed", 30, 0)
