import asyncio
from typing import Any

import pytest

from activities import read_input_file
from tests.fakes.correcting import correct, fixed, go_on, import_all, rejects, sent_back
from tests.fakes.http import FakeClient
from tests.fakes.reports import HEADER, WITH_SNAPSHOT
from tests.fakes.world import World


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes chunks of a few rows."""
    monkeypatch.setattr(read_input_file, "SMALLEST", 150)


def ids(world: World) -> set[str]:
    return {name for _, name in world.transport.documents("sales")}


ALL = {f"s{n:04}.0" for n in range(40)}


@pytest.mark.parametrize(("tolerated", "bad"), [(0, (7, 8)), (5, (7, 30))])
def test_corrected_rows_are_stored_under_the_same_run(tolerated: int, bad: tuple[int, ...]) -> None:
    """On a failed run and on a completed one with tolerated rejects: all rows are stored, none is rejected, the rows
    that were fine are generated and sent once."""
    world, client = import_all(bad=bad, tolerated_rejects=tolerated), FakeClient()
    assert world.runs.records["r1"].status.state == ("completed" if tolerated else "failed")
    status, body = correct(world, sent_back(rejects(world), fixed), client)
    assert (status, body["rows"], body["run"]["state"], body["run"]["attempt"]) == (202, 2, "queued", 2)
    assert [(name, run, given["attempt"]) for name, run, given in client.started] == [("import_report", "r1", 2)]
    receipt = asyncio.run(go_on(world)).output
    assert (receipt["rows_read"], receipt["rows_stored"], receipt["rows_rejected"]) == (40, 40, 0)
    assert (receipt["documents_written"], receipt["corrections"], receipt["revision"]) == (40, 1, 1)
    assert (rejects(world), ids(world)) == ([], ALL)
    assert sorted(name for batch in world.transport.sent for name in batch) == sorted(ALL)
    assert [(one["attempt"], one["by"]) for one in receipt["attempts"]] == [(1, "accepted"), (2, "corrected")]


def test_what_is_still_wrong_stays_a_reject_under_its_number() -> None:
    """Only what is still wrong is listed, by the number in the original input, and can be corrected again."""
    world = import_all(tolerated_rejects=5)
    lines = rejects(world)
    assert [line["row"] for line in lines] == ["9", "32"]
    correct(world, sent_back(lines, lambda line: {**line, "amount": "5" if line["row"] == "9" else "still ?"}))
    receipt = asyncio.run(go_on(world)).output
    assert (receipt["rows_stored"], receipt["rows_rejected"]) == (39, 1)
    [left] = rejects(world)
    assert (left["row"], left["id"], left["amount"], left["code"]) == ("32", "s0030", "still ?", "float_parsing")
    correct(world, sent_back([left], fixed))
    receipt = asyncio.run(go_on(world)).output
    assert (receipt["rows_stored"], receipt["rows_rejected"], receipt["corrections"]) == (40, 0, 2)
    assert (rejects(world), ids(world)) == ([], ALL)


def test_some_of_the_rows_may_be_corrected() -> None:
    """A correction of one row leaves the other one as it is."""
    world = import_all(tolerated_rejects=5)
    correct(world, sent_back(rejects(world)[:1], fixed))
    assert asyncio.run(go_on(world)).output["rows_rejected"] == 1
    assert [line["row"] for line in rejects(world)] == ["32"]


def test_a_failed_run_with_too_many_rejects_left_fails_again() -> None:
    """The tolerance holds for what is left, and the run has another email."""
    world = import_all(bad=(7, 8))
    correct(world, sent_back(rejects(world)[:1], fixed))
    assert asyncio.run(go_on(world)).status == "Failed"
    assert world.runs.records["r1"].status.state == "failed"
    assert len(world.mailer.emails) == 2
    assert (len(rejects(world)), ids(world)) == (1, set())


def test_a_row_that_the_database_refused_can_be_corrected() -> None:
    """It is generated again and its documents are stored, whichever of them were stored before."""
    world = World()
    world.transport.poison = {"s0007.0": 400}
    import_all(bad=(), world=world, tolerated_rejects=5)
    world.transport.poison = {}
    correct(world, sent_back(rejects(world), fixed))
    receipt = asyncio.run(go_on(world)).output
    assert (receipt["rows_stored"], receipt["rows_rejected"]) == (40, 0)
    assert (rejects(world), ids(world)) == ([], ALL)


def test_a_row_that_was_replaced_by_a_later_one_can_get_another_id() -> None:
    """A duplicate that is corrected is no duplicate any more."""
    world = World()
    asyncio.run(world.run(HEADER + b"a,s,1,1\na,s,2,1\n", tolerated_rejects=1))
    correct(world, sent_back(rejects(world), lambda line: {**line, "id": "b"}))
    receipt = asyncio.run(go_on(world)).output
    assert (receipt["rows_stored"], receipt["rows_duplicate"]) == (2, 0)
    assert ids(world) == {"a.0", "b.0"}


def test_lines_of_json_can_be_corrected() -> None:
    """A rejected line of JSON Lines is corrected in its one column."""
    world, good = World(), b'{"id": "a", "shop": "s", "amount": 1}\n'
    asyncio.run(world.run(good + b'{"id": "b", "shop": "s"\n', format="jsonl", tolerated_rejects=1))
    correct(world, sent_back(rejects(world), lambda line: {**line, "line": line["line"] + ', "amount": 2}'}))
    assert asyncio.run(go_on(world)).output["rows_stored"] == 2
    assert ids(world) == {"a.0", "b.0"}


@pytest.mark.parametrize("row", ["2", "99", "0"])
def test_a_row_that_was_not_rejected_is_refused(row: str) -> None:
    """The problem names the row, and nothing is changed."""
    world = import_all(tolerated_rejects=5)
    before = world.runs.records["r1"]
    status, body = correct(world, sent_back(rejects(world)[:1], lambda line: {**line, "row": row}))
    assert (status, body["row"], body["field"]) == (409, int(row), "row")
    assert f"row {row} of run r1 is not among its rejects" in body["detail"]
    assert "leave it out: GET /api/runs/r1/rejects" in body["detail"]
    assert world.runs.records["r1"] == before


def test_a_row_that_was_corrected_is_a_reject_no_more() -> None:
    """A row is corrected once, unless it is rejected again, and the problem says that it is corrected."""
    world = import_all(tolerated_rejects=5)
    lines = rejects(world)
    correct(world, sent_back(lines, fixed))
    asyncio.run(go_on(world))
    status, body = correct(world, sent_back(lines, lambda line: {**line, "amount": "6"}))
    assert (status, body["row"]) == (409, 9)
    assert "row 9 of run r1 is corrected already, with other content" in body["detail"]


def test_a_repeat_of_the_newest_correction_does_nothing() -> None:
    """A caller whose answer was lost sends the same again, while the run is at work and after it."""
    world, client = import_all(tolerated_rejects=5), FakeClient()
    body = sent_back(rejects(world), fixed)
    assert [correct(world, body, client)[0] for _ in range(2)] == [202, 202]
    asyncio.run(go_on(world))
    assert (correct(world, body, client)[0], len(client.started)) == (202, 1)
    assert world.runs.records["r1"].status.corrections != []


def test_a_start_that_fails_is_left_to_the_sweep() -> None:
    """The correction is recorded, so the caller is told that it is accepted."""
    world, client = import_all(tolerated_rejects=5), FakeClient(error=OSError("down"))
    assert correct(world, sent_back(rejects(world), fixed), client)[0] == 202
    assert world.runs.records["r1"].status.state == "queued"


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"state": "storing"}, 409),
        ({"state": "failed", "pending": ["email"]}, 409),
        ({"state": "cancelled"}, 409),
        ({"state": "completed", "removed": "2026-01-01"}, 410),
    ],
)
def test_a_run_in_another_state_is_not_corrected(changes: dict[str, Any], status: int) -> None:
    """Runs at work, with pending steps, cancelled or removed are refused."""
    world = import_all(tolerated_rejects=5)
    body = sent_back(rejects(world), fixed)
    world.runs.set("r1", **changes)
    assert correct(world, body)[0] == status


def test_a_snapshot_that_has_stored_its_generation_is_not_corrected() -> None:
    """Readers would see a generation that changes; one that failed before storing is corrected like others."""
    world = import_all(world=World(reports=WITH_SNAPSHOT), report="stock", mode="snapshot", tolerated_rejects=5)
    status, body = correct(world, sent_back(rejects(world), fixed))
    assert (status, "start the report again" in body["detail"]) == (409, True)
    world = import_all(bad=(7,), world=World(reports=WITH_SNAPSHOT), report="stock", mode="snapshot")
    assert correct(world, sent_back(rejects(world), fixed))[0] == 202
    assert asyncio.run(go_on(world)).output["rows_stored"] == 40


def test_a_correction_that_fails_leaves_a_completed_run_completed() -> None:
    """The run keeps its receipt, and one email says that it stays as it was."""
    world = import_all(tolerated_rejects=5)
    receipt = world.runs.records["r1"].result.receipt
    correct(world, sent_back(rejects(world), fixed))
    world.driver.fail("publish_report", OSError("no"), times=99)
    asyncio.run(go_on(world))
    record = world.runs.records["r1"]
    assert (record.status.state, record.result.receipt, record.open) == ("completed", receipt, False)
    assert (record.result.failure or {})["step"] == "publish_report"
    [email] = world.mailer.emails
    assert "could not be corrected or verified, and stays as it was" in email.subject


def test_an_unknown_run_is_not_found() -> None:
    """A correction of an unknown run answers 404."""
    assert correct(World(), b"row,id\n1,a\n")[0] == 404
