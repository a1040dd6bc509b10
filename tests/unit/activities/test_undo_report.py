import asyncio
from typing import Any

import pytest

from activities.undo_report import SLACK_SECONDS
from outlast.cosmos.snapshots.header import Generation, Header
from outlast.errors import Permanent
from outlast.models import Json
from outlast.runs.stale import Stale
from tests.fakes.reports import WITH_MIRROR, make_csv
from tests.fakes.world import World

ROWS = 120


def make(**fields: Any) -> World:
    """Return a snapshot run that failed with everything stored."""
    world = World(reports=WITH_MIRROR)
    asyncio.run(world.prepare(make_csv(ROWS), "publishing", report="stock", mode="snapshot"))
    world.runs.set("r1", **{"state": "failing", "outcome": "failed", "pending": ["undo"], "wrote": True, **fields})
    return world


def undo(world: World, cursor: Json | None = None, attempt: int = 1) -> Json:
    given = {"run": "r1", "attempt": attempt, "cursor": cursor}
    return asyncio.run(world.call("undo_report", **given))


def left(world: World) -> int:
    return len(world.transport.documents("stock"))


def test_the_first_call_says_how_long_an_activity_may_still_live() -> None:
    """The first call deletes nothing and returns the seconds for which an activity may still write."""
    world = make()
    assert undo(world) == {
        "cursor": {"deleted": 0}, "deleted": 0, "wait": world.timeout + SLACK_SECONDS, "published": False,
    }  # fmt: skip
    assert left(world) == ROWS


@pytest.mark.parametrize("published", [False, True])
def test_of_a_mirror_report_it_deletes_nothing(published: bool) -> None:
    """It waits until nothing can write any more, and says whether the run turned out to be published."""
    world = make(report="shelf", mode="mirror")
    if published:
        world.snapshots.headers["shelf"] = Header("shelf", Generation("r1", ""), 1, "")
    assert undo(world)["wait"] == world.timeout + SLACK_SECONDS
    assert undo(world, {"deleted": 0}) == {"cursor": None, "deleted": 0, "wait": 0.0, "published": published}
    assert left(world) == ROWS


def test_it_deletes_until_nothing_is_found() -> None:
    """A call deletes documents until it finds none."""
    world = make()
    assert undo(world, {"deleted": 0})["deleted"] == ROWS
    assert left(world) == 0


def test_the_deadline_leaves_a_cursor() -> None:
    """A call that reaches its deadline returns a cursor with the number deleted so far, and the next call goes on from
    there."""
    world = make()
    world.snapshots.when_removing = lambda: world.clock.advance(world.timeout)
    first = undo(world, {"deleted": 0})
    assert (first["cursor"], left(world)) == ({"deleted": 50}, ROWS - 50)
    world.snapshots.when_removing = lambda: None
    assert undo(world, first["cursor"]) == {"cursor": None, "deleted": ROWS, "wait": 0, "published": False}


def test_another_generation_stays() -> None:
    """A call deletes only the documents of its run."""
    world = make()
    world.transport.documents("stock")[(b"1", "x:r0")] = {"id": "x:r0", "snapshot_run": "r0"}
    undo(world, {"deleted": 0})
    assert list(world.transport.documents("stock")) == [(b"1", "x:r0")]


@pytest.mark.parametrize("header", [
    Header("stock", Generation("r1", "2026"), 5, "2026"),
    Header("stock", Generation("r2", "2027"), 5, "2027", (Generation("r1", "2026", "2027"),)),
])  # fmt: skip
def test_a_run_that_was_published_stays(header: Header) -> None:
    """A run that is published, now or before, keeps its documents, and the answer says so."""
    world = make()
    world.snapshots.headers["stock"] = header
    assert undo(world, {"deleted": 0})["published"] is True
    assert left(world) == ROWS


def test_what_is_not_pending_is_not_done() -> None:
    """A call without a pending undo deletes nothing."""
    world = make(pending=["email"])
    assert undo(world)["cursor"] is None
    assert left(world) == ROWS


@pytest.mark.parametrize("changes", [{"state": "completed"}, {"attempt": 2}])
def test_a_run_that_is_not_failing_is_left_alone(changes: dict[str, Any]) -> None:
    """A call for a run that is completed or in another attempt raises Permanent."""
    with pytest.raises(Permanent):
        undo(make(**changes))


def test_a_record_that_is_behind_leaves_the_undo_pending() -> None:
    """A record that is read from before the failure raises Stale, because otherwise the documents would stay for
    ever."""
    with pytest.raises(Stale):
        undo(make(state="storing", pending=[]))


def test_a_report_that_is_gone_is_said() -> None:
    """An undo of a report that is no longer in reports/ raises Permanent."""
    with pytest.raises(Permanent, match="the report old is not in reports/ any more"):
        undo(make(report="old"), {"deleted": 0})
