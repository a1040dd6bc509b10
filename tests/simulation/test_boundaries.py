"""One fault in a whole run: at one of its boundaries, then at a later one, and so on."""

from collections.abc import Iterator
from typing import Any

import pytest

from activities import read_input_file
from outlast.staging import shards
from tests.simulation.length import LONG_STRIDE, STRIDE, boundaries
from tests.simulation.world import REPORTS, Faults, Job, World, simulate

STORIES = {
    "completes": [Job("a", rows=3)],
    "is undone and mailed": [Job("b", rows=3, breaks=True)],
    "tells that it is completed": [Job("h", rows=3, notify="always")],
    "reads back what it stored": [Job("d", rows=3, verify="content")],
    "fails before storing": [Job("c", "sales", 3, (1,))],
    "is grouped": [Job("d", "totals", 4, lanes=1)],
    "mirrors after a run that failed": [
        Job("n", "shelf", 2, breaks=True),
        Job("o", "shelf", 2, first=1, change=1, after="n"),
    ],
    "has rows that make one document": [Job("d", "sales", 3, twins=(0,), lanes=8)],
    "creates": [Job("e", "new_sales", 4, there=(1,))],
    "patches": [Job("f", "prices", 4, there=(0, 1, 3))],
    "deletes": [Job("g", "returns", 3, there=(0, 1, 2))],
    "does several chunks in one call": [Job("i", rows=9, lanes=1)],
}
LONG = {"mirrors after a run that failed", "does several chunks in one call"}
"""Stories of twice as many boundaries as the others."""
LEAST_BOUNDARIES = 50
LEAST_WRITES = 10
EVERY = 7
"""A call that makes as many writes until one is lost loses the same one each time that it is repeated."""
COUNTS = ("rows_read", "rows_stored", "rows_rejected", "documents_written", "chunks")


@pytest.fixture(autouse=True)
def _several_chunks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of one or two rows, so that rows that make one document are in different ones; the rows of a group are in
    two chunks, and the groups in several shards."""
    monkeypatch.setattr(read_input_file, "SMALLEST", 40 if "grouped" in request.node.name else 30)
    monkeypatch.setattr(shards, "USUAL", 200)


def outcome(world: World) -> Any:
    """Return documents, records and emails, without what depends on how often something was done."""
    stored = {name: sorted(map(essence, world.database.documents(name))) for name in REPORTS}
    records = [
        (record.status.state, record.result.failure, {name: (record.result.receipt or {}).get(name) for name in COUNTS})
        for record in world.runs.all()
    ]
    events = sorted(key.rpartition(":")[0] for key in set(world.webhook.keys))  # without when the run was accepted
    return stored, records, {email.key for email in world.post.emails}, events


def essence(document: dict[str, Any]) -> str:
    changing = ("published", "current", "_rid", "_self", "_etag", "_attachments", "_ts")
    if header := document.get("snapshot_header"):
        document = {**document, "snapshot_header": essence(header)}
    return str(sorted((name, str(value)) for name, value in document.items() if name not in changing))


def boundaries_of(story: str) -> Iterator[int]:
    return boundaries(list(STORIES).index(story), LONG_STRIDE if story in LONG else STRIDE)


@pytest.mark.parametrize("story", STORIES)
def test_the_host_may_die_at_every_boundary(story: str) -> None:
    """A host that dies before or after any commit, message, request or file changes neither documents nor receipt nor
    email."""
    jobs = STORIES[story]
    expected = outcome(simulate(0, Faults(), jobs))
    for boundary in boundaries_of(story):
        world = simulate(0, Faults(), jobs, kill_at=boundary)
        assert outcome(world) == expected, f"killed at boundary {boundary}: {world.scheduler.trace[:boundary][-3:]}"
        if "KILLED" not in world.scheduler.trace:
            break
    assert boundary > LEAST_BOUNDARIES


def test_a_call_does_several_chunks() -> None:
    """The story that says so has fewer calls than chunks."""
    world = simulate(0, Faults(), STORIES["does several chunks in one call"])
    [run] = world.runs.all()
    assert 1 < world.scheduler.trace.count("begin store_data_to_db") < (run.result.receipt or {})["chunks"]


@pytest.mark.parametrize("story", STORIES)
def test_the_answer_to_every_write_may_be_lost(story: str) -> None:
    """The lost answer to any write of a record, header, document or file changes neither documents nor receipt nor
    email."""
    jobs = STORIES[story]
    expected = outcome(simulate(0, Faults(), jobs))
    for write in boundaries_of(story):
        world = simulate(0, Faults(), jobs, forget=write.__eq__)
        assert outcome(world) == expected, f"the answer to write {write} was lost"
        assert len(world.post.emails) == len(expected[2])
        if not world.scheduler.fired["write's answer lost"]:
            break
    assert write > LEAST_WRITES


@pytest.mark.parametrize("story", STORIES)
def test_the_answers_to_many_writes_may_be_lost(story: str) -> None:
    """The lost answers to every seventh write change neither documents nor receipt nor email."""
    jobs = STORIES[story]
    expected = outcome(simulate(0, Faults(), jobs))
    for first in range(EVERY):
        world = simulate(0, Faults(), jobs, forget=lambda write, first=first: write % EVERY == first)
        assert outcome(world) == expected
        assert world.scheduler.fired["write's answer lost"] > LEAST_WRITES // EVERY
