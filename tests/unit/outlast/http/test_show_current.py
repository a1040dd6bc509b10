from pathlib import Path

import azure.functions as func
import pytest

from outlast.cosmos.snapshots.header import Generation, Header, header_document
from outlast.http.problem import answering
from outlast.http.show_current import ShowCurrent
from tests.fakes.http import ask, finish, read
from tests.fakes.reports import WITH_SNAPSHOT
from tests.fakes.world import World


def show(world: World, report: str = "stock") -> func.HttpResponse:
    handler = answering(ShowCurrent(WITH_SNAPSHOT, world.snapshots).show_current)
    return finish(handler(ask(f"reports/{report}/current", report=report)))


def test_readers_get_the_run_and_its_query() -> None:
    """The answer has the current run and a query that reads its documents."""
    world = World()
    world.snapshots.headers["stock"] = Header("stock", Generation("r1", "2026-01-01"), 5, "2026-01-02")
    assert read(show(world)) == {
        "report": "stock", "container": "stock", "run": "r1", "accepted": "2026-01-01", "published": "2026-01-02",
        "documents": 5, "query": "SELECT * FROM c WHERE c.snapshot_run = @run",
        "parameters": [{"name": "@run", "value": "r1"}],
    }  # fmt: skip


def test_the_query_is_the_documented_one() -> None:
    """docs/readers.md and the app give the same header and query."""
    world = World()
    world.snapshots.headers["stock"] = header = Header("stock", Generation("r1", "2026-01-01"), 5, "2026-01-02")
    documented = (Path(__file__).parents[4] / "docs" / "readers.md").read_text("utf-8")
    assert f"`{read(show(world))['query']}`" in documented
    stored = header_document(WITH_SNAPSHOT["stock"], header)
    for text in (
        "`current:{report}`",
        f"`{stored['shop']}`",
        "its `snapshot_header.run`",
        "`documents`",
        "`published`",
    ):
        assert text in documented
    told = stored["snapshot_header"]
    assert (stored["id"], told["run"], told["documents"]) == ("current:stock", "r1", 5)


@pytest.mark.parametrize("level", ["Strong", "Bounded staleness", "Session", "Consistent prefix, eventual"])
def test_every_consistency_level_is_documented(level: str) -> None:
    """docs/readers.md says for each consistency level what readers see."""
    documented = (Path(__file__).parents[4] / "docs" / "readers.md").read_text("utf-8")
    assert f"\n| {level}" in documented


@pytest.mark.parametrize("report", ["stock", "sales", "nothing"])
def test_where_nothing_is_current_nothing_is_found(report: str) -> None:
    """A report that is not published, not a snapshot, or unknown answers 404."""
    response = show(World(), report)
    assert (response.status_code, read(response)["field"]) == (404, "report")
