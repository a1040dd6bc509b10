"""One fault in a whole run: at its first boundary, then at the second, then at the third, and so on."""

from itertools import count
from typing import Any

import pytest

from tests.simulation.world import Faults, Job, World, simulate

STORIES = {
    "completes": [Job("a", rows=3)],
    "is undone and mailed": [Job("b", rows=3, breaks=True)],
    "reads back what it stored": [Job("d", rows=3, verify="content")],
    "fails before storing": [Job("c", "sales", 3, (1,))],
}
LEAST_BOUNDARIES = 50
LEAST_WRITES = 10
COUNTS = ("rows_read", "rows_stored", "rows_rejected", "documents_written", "chunks")


def outcome(world: World) -> Any:
    """Return documents, records and emails, without what depends on how often something was done."""
    stored = {name: sorted(map(essence, world.database.documents(name))) for name in ("sales", "stock")}
    records = [
        (record.status.state, record.result.failure, {name: (record.result.receipt or {}).get(name) for name in COUNTS})
        for record in world.runs.all()
    ]
    return stored, records, {email.key for email in world.post.emails}


def essence(document: dict[str, Any]) -> str:
    changing = ("published", "current", "_rid", "_self", "_etag", "_attachments", "_ts")
    if header := document.get("snapshot_header"):
        document = {**document, "snapshot_header": essence(header)}
    return str(sorted((name, str(value)) for name, value in document.items() if name not in changing))


@pytest.mark.parametrize("story", STORIES)
def test_the_host_may_die_at_every_boundary(story: str) -> None:
    """A host that dies before or after any commit, message, request or file changes neither documents nor receipt nor
    email."""
    jobs = STORIES[story]
    expected = outcome(simulate(0, Faults(), jobs))
    for boundary in count():
        world = simulate(0, Faults(), jobs, kill_at=boundary)
        assert outcome(world) == expected, f"killed at boundary {boundary}: {world.scheduler.trace[:boundary][-3:]}"
        if "KILLED" not in world.scheduler.trace:
            break
    assert boundary > LEAST_BOUNDARIES


@pytest.mark.parametrize("story", STORIES)
def test_the_answer_to_every_write_may_be_lost(story: str) -> None:
    """The lost answer to any write of a record, header, document or file changes neither documents nor receipt nor
    email."""
    jobs = STORIES[story]
    expected = outcome(simulate(0, Faults(), jobs))
    for write in count():
        world = simulate(0, Faults(), jobs, forget=write.__eq__)
        assert outcome(world) == expected, f"the answer to write {write} was lost"
        assert len(world.post.emails) == len(expected[2])
        if not world.scheduler.fired["write's answer lost"]:
            break
    assert write > LEAST_WRITES


@pytest.mark.parametrize("story", STORIES)
def test_the_answers_to_many_writes_may_be_lost(story: str) -> None:
    """The lost answers to every fifth write change neither documents nor receipt nor email."""
    jobs = STORIES[story]
    expected = outcome(simulate(0, Faults(), jobs))
    for first in range(5):
        world = simulate(0, Faults(), jobs, forget=lambda write, first=first: write % 5 == first)
        assert outcome(world) == expected
        assert world.scheduler.fired["write's answer lost"] > LEAST_WRITES // 5
