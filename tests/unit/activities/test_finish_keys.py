import asyncio
from typing import Any

import pytest

from activities import read_input_file
from outlast.errors import Permanent
from outlast.models import Json, Totals
from outlast.staging import rejects
from outlast.staging.paths import rejects_path
from outlast.staging.rejects import Reject, each_row_once
from tests.fakes.reports import HEADER, OF_MODES, WITH_SNAPSHOT, make_csv
from tests.fakes.world import World, call_until_done


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of a few rows."""
    monkeypatch.setattr(read_input_file, "SMALLEST", 60)


def prepare(body: bytes, **fields: Any) -> World:
    """Return a run whose keys are compared."""
    world = World(reports=WITH_SNAPSHOT)

    async def run() -> None:
        await world.prepare(body, "resolving", **fields)
        await call_until_done(world.steps["resolve_keys"], {"run": "r1", "attempt": 1, "chunk": 0})

    asyncio.run(run())
    return world


def finish(world: World, cursor: Json | None = None) -> Json:
    answer: Json = asyncio.run(world.call("finish_keys", cursor=cursor))
    return answer


def refused(world: World) -> list[Reject]:
    """The rejects of all chunks."""

    async def run() -> list[Reject]:
        chunks = len((await world.files.chunks(world.runs.records["r1"])).chunks)
        staged = [await world.staging.get(rejects_path("r1", chunk)) for chunk in range(chunks)]
        return each_row_once(data for data in staged if data)

    return asyncio.run(run())


def twins(copies: int = 1) -> bytes:
    """Seven rows that make the same documents, with other rows between them."""
    others = make_csv(70)[len(HEADER) :].splitlines(keepends=True)
    rows = [[b"a,x,%d,%d\n" % (n, copies), *others[n * 10 : n * 10 + 10]] for n in range(7)]
    return HEADER + b"".join(row for group in rows for row in group)


def test_a_row_without_a_document_left_is_a_reject_that_names_the_winner() -> None:
    """The reject has the row's own columns, and the winner is that of the whole file."""
    world = prepare(twins())
    assert finish(world) == {"cursor": None, "totals": Totals(rejected=6).to_dict()}
    assert [(one.row, one.column, one.code) for one in refused(world)] == [
        (2 + 11 * n, "id", "duplicate") for n in range(6)
    ]
    first = refused(world)[0]
    assert first.message == "row 68 has the same id and partition key, and the later row wins: a.0"
    assert first.fields == ["a", "x", "0", "1"]


@pytest.mark.parametrize(
    ("rule", "count", "text"),
    [
        ("first", 6, "row 2 has the same id and partition key, and the first row wins: a.2"),
        ("reject", 7, "row 2 has the same id and partition key, and the report takes none of them: a.2"),
    ],
)
def test_the_report_says_which_row_wins(rule: str, count: int, text: str) -> None:
    """The first row wins or none, and the reject says so."""
    world = prepare(twins(3), duplicates=rule)
    assert finish(world)["totals"]["rejected"] == count
    assert refused(world)[-1].row == 68
    assert refused(world)[-1].message.rpartition(":")[0] == text.rpartition(":")[0]


def test_a_row_that_keeps_one_of_its_documents_is_no_reject() -> None:
    """A row is rejected when all its documents are lost, whatever the rows are that won them."""
    others = make_csv(30)[len(HEADER) :]
    body = HEADER + b"a,x,1,2\n" + others + b"a,x,3,1\n"
    assert finish(prepare(body))["totals"]["rejected"] == 0
    world = prepare(HEADER + b"a,x,1,2\n" + others + b"a,x,3,1\na,x,3,2\n")
    assert finish(world)["totals"]["rejected"] == 2
    assert {one.row for one in refused(world)} == {2, 33}


def test_a_snapshot_names_the_id_that_the_report_gave() -> None:
    """The reject shows the id without the run."""
    world = prepare(twins(), report="stock", mode="snapshot")
    finish(world)
    assert refused(world)[0].message.endswith("the later row wins: a.0")


@pytest.mark.parametrize("report", OF_MODES)
def test_a_duplicate_of_each_mode_is_named(report: str) -> None:
    """Reports that create, patch or delete name the id, too, though they stage no whole document."""
    world = World(reports=OF_MODES)
    asyncio.run(world.prepare(twins(), "storing", report=report, mode=OF_MODES[report].mode))
    assert {one.message.rpartition(": ")[2] for one in refused(world)} == {"a.0"}


def test_many_rejects_of_a_chunk_are_counted_and_not_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A chunk lists its first rejects, and one line counts the others."""
    monkeypatch.setattr(rejects, "MOST_LISTED", 2)
    monkeypatch.setattr(read_input_file, "SMALLEST", 10_000)
    world = prepare(twins())
    assert finish(world)["totals"]["rejected"] == 6
    found = refused(world)
    assert [(one.row, one.code) for one in found] == [(2, "duplicate"), (13, "duplicate"), (24, "not_listed")]
    assert found[-1].message == "this row and 3 others after it were rejected and are not listed"


def test_at_the_deadline_it_hands_over_a_cursor_and_goes_on_from_there() -> None:
    """The last call counts the rejects of all calls."""
    world = prepare(twins())
    world.clock.tick = 30.0
    answers = [finish(world)]
    while answers[-1]["cursor"] is not None:
        answers.append(finish(world, answers[-1]["cursor"]))
    assert len(answers) > 2
    assert answers[-1]["totals"]["rejected"] == len(refused(world)) == 6


def test_a_repeat_counts_the_same() -> None:
    """A repeated call stages the same rejects."""
    world = prepare(twins())
    first, listed = finish(world), refused(world)
    assert (finish(world), refused(world)) == (first, listed)


@pytest.mark.parametrize("changes", [{"state": "failing"}, {"state": "storing"}, {"attempt": 2}])
def test_a_run_that_has_moved_on_is_left_alone(changes: dict[str, Any]) -> None:
    """A call of an earlier state or attempt raises Permanent and stages nothing."""
    world = prepare(twins())
    world.runs.set("r1", **changes)
    with pytest.raises(Permanent, match="belongs to resolving in attempt 1"):
        finish(world)
    assert refused(world) == []
