"""The host dies at the first boundary of a whole run, then at the second, then at the third, and so on."""

from itertools import count
from typing import Any

import pytest

from tests.simulation.world import Faults, Job, World, simulate

STORIES = {
    "completes": [Job("a", rows=3)],
    "is undone and mailed": [Job("b", rows=3, breaks=True)],
    "fails before storing": [Job("c", "sales", 3, (1,))],
}
LEAST_BOUNDARIES = 50
COUNTS = ("rows_read", "rows_stored", "rows_rejected", "documents_written", "chunks")


def outcome(world: World) -> Any:
    """Documents, receipt and mail, without what depends on how often something was done."""
    stored = {name: sorted(map(essence, world.database.documents(name))) for name in ("sales", "stock")}
    records = [
        (record.state, record.failure, {name: (record.receipt or {}).get(name) for name in COUNTS})
        for record in world.runs.all()
    ]
    return stored, records, {letter.key for letter in world.post.letters}


def essence(document: dict[str, Any]) -> str:
    changing = ("published", "current", "_rid", "_self", "_etag", "_attachments", "_ts")
    return str(sorted((name, str(value)) for name, value in document.items() if name not in changing))


@pytest.mark.parametrize("story", STORIES)
def test_the_host_may_die_at_every_boundary(story: str) -> None:
    """Before and after each commit, message, request and file: documents, receipt and mail are as undisturbed."""
    jobs = STORIES[story]
    expected = outcome(simulate(0, Faults(), jobs))
    for boundary in count():
        world = simulate(0, Faults(), jobs, kill_at=boundary)
        assert outcome(world) == expected, f"killed at boundary {boundary}: {world.scheduler.trace[:boundary][-3:]}"
        if "KILLED" not in world.scheduler.trace:
            break
    assert boundary > LEAST_BOUNDARIES
