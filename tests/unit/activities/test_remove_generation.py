import asyncio
from typing import Any

import pytest

from outlast.cosmos.snapshots.header import Generation, Header
from outlast.models import Json
from tests.fakes.reports import WITH_SNAPSHOT
from tests.fakes.world import World

CURRENT, OLD, OLDER = Generation("r2", "2026-03"), Generation("r1", "2026-02", "x"), Generation("r0", "2026-01", "x")


def make(*previous: Generation) -> World:
    """Return a report with three generations of 60 documents each."""
    world = World(reports=WITH_SNAPSHOT)
    world.snapshots.headers["stock"] = Header("stock", CURRENT, 60, "x", previous)
    for run in ("r0", "r1", "r2"):
        for n in range(60):
            world.transport.documents("stock")[(b"1", f"{n}:{run}")] = {"snapshot_run": run}
    return world


def remove(world: World, run: str, cursor: Any = None) -> Json:
    given = {"report": "stock", "run": run, "cursor": cursor}
    return asyncio.run(world.call("remove_generation", **given))


def runs_left(world: World) -> set[str]:
    return {document["snapshot_run"] for document in world.transport.documents("stock").values()}


def test_a_replaced_generation_goes_and_the_header_forgets_it() -> None:
    """A replaced generation is deleted and removed from the header, and the other generations stay."""
    world = make(OLDER, OLD)
    assert remove(world, "r0") == {"cursor": None, "deleted": 60, "wait": 0.0}
    assert runs_left(world) == {"r1", "r2"}
    assert world.snapshots.headers["stock"].previous == (OLD,)


def test_the_header_knows_it_until_nothing_is_left() -> None:
    """The header keeps a generation until its last document is deleted, so that a repeat can go on."""
    world = make(OLD)
    world.snapshots.when_removing = lambda: world.clock.advance(world.timeout)
    assert remove(world, "r1") == {"cursor": {"deleted": 50}, "deleted": 50, "wait": 0.0}
    assert world.snapshots.headers["stock"].holds("r1")
    world.snapshots.when_removing = lambda: None
    assert remove(world, "r1", {"deleted": 50}) == {"cursor": None, "deleted": 60, "wait": 0.0}
    assert not world.snapshots.headers["stock"].holds("r1")


@pytest.mark.parametrize("run", ["r2", "r0"])
def test_what_is_not_known_as_replaced_is_left_alone(run: str) -> None:
    """A generation that the header does not list as replaced is not deleted."""
    world = make(OLD)
    assert remove(world, run) == {"cursor": None, "deleted": 0, "wait": 0.0}
    assert runs_left(world) == {"r0", "r1", "r2"}


def test_a_publishing_that_comes_between_is_not_lost() -> None:
    """A publishing between the read and the write of the header is kept."""
    world = make(OLD)
    newest = Generation("r3", "2026-04")

    def publish() -> None:
        world.snapshots.before_write = lambda: None
        replaced = Generation("r2", "2026-03", "y")
        world.snapshots.headers["stock"] = Header("stock", newest, 9, "y", (OLD, replaced), etag="new")

    world.snapshots.before_write = publish
    remove(world, "r1")
    header = world.snapshots.headers["stock"]
    assert (header.current, [g.run for g in header.previous]) == (newest, ["r2"])
