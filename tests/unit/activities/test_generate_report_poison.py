"""Rows whose code does not return or ends its process."""

import asyncio
import logging
from typing import Any

import pytest

from outlast.errors import Permanent
from outlast.generating import refused_rows
from outlast.generating.row_window import NoTurn, RowWindow
from outlast.models import Json
from tests.fakes.correcting import go_on, post, rejects_of, sent_back
from tests.fakes.http import FakeClient
from tests.fakes.reports import HEADER, Sales
from tests.fakes.vices import VICES
from tests.fakes.world import World
from tests.unit.activities.generating import generate, generate_all, ids, prepare, staged


class Poisoned(Sales):
    """The shop says what the row's code does."""

    def generate_report(self, row: Any, reference: Any) -> Any:
        if row.shop in VICES:
            VICES[row.shop]()
        yield from super().generate_report(row, reference)


def poisoned(*shops: str) -> World:
    rows = b"".join(b"s%d,%b,1,1\n" % (number, shop.encode()) for number, shop in enumerate(shops, 2))
    return prepare(HEADER + rows, Poisoned())


def test_a_row_that_never_returns_is_a_reject_and_its_neighbours_are_not() -> None:
    """The reject has the row's fields, the code and how long the row was allowed to take."""
    world = poisoned("x", "hang", "y", "regular_expression")
    generate_all(world)
    lines, rejects, _ = staged(world)
    assert ids(lines) == ["s2.0", "s4.0"]
    assert [(reject.row, reject.code, reject.fields[0]) for reject in rejects] == [
        (3, "timeout", "s3"),
        (5, "timeout", "s5"),
    ]
    assert rejects[0].message == "the row took longer than 10 s and was stopped"


def test_a_row_that_ends_its_process_twice_is_a_reject() -> None:
    """The first time the row is tried again, because the system may have killed the process for another reason."""
    world, taken = poisoned("x", "die", "y"), list[int]()
    world.compute.taking = lambda window: taken.append(window.row)
    generate_all(world)
    lines, (reject,), _ = staged(world)
    assert ids(lines) == ["s2.0", "s4.0"]
    assert (reject.row, reject.code) == (3, "crashed")
    assert reject.message == "the row ended the process that generated it 2 times: signal SIGKILL"
    assert len(taken) == 3


def test_the_log_names_run_chunk_and_row(caplog: pytest.LogCaptureFixture) -> None:
    """Each row whose code was stopped is logged as one warning."""
    generate_all(poisoned("x", "hang"))
    (record,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert (record.name, record.getMessage()) == (
        "outlast",
        "row 3 (chunk 0 of run r1, report sales) is rejected as timeout: the row took longer than 10 s and was stopped",
    )


def test_the_health_of_the_app_knows() -> None:
    """The report and the step are noted when a row had to be stopped, and not without a reason."""
    world = poisoned("x")
    generate_all(world)
    assert asyncio.run(world.stopped.recent()) is None
    world = poisoned("hang")
    generate_all(world)
    found = asyncio.run(world.stopped.recent())
    assert found is not None
    assert (found["report"], found["step"]) == ("sales", "generate_report")


def test_a_row_is_stopped_once_however_many_calls_meet_it() -> None:
    """A call that ends before it could take the stopped row leaves it refused for the next call of the process."""
    world, hung = poisoned("x", "hang", "y"), list[list[Any]]()

    def taking(window: RowWindow) -> None:
        hung.append(window.refused)
        if len(hung) == 2:
            raise NoTurn

    world.compute.taking = taking
    first = generate(world)
    assert first["cursor"] == {"part": 0, "offset": 0, "row": None, "staged": 0}
    assert first["totals"]["rows"] == 0
    generate_all(world)
    assert [len(refused) for refused in hung] == [0, 1, 1]
    assert [reject.row for reject in staged(world)[1]] == [3]


def test_the_row_that_was_stopped_at_the_deadline_is_in_the_part() -> None:
    """The next call does not begin with the rows before it, whose code would run again."""
    world = poisoned("x", "y", "z", "hang", "y")
    world.compute.row_seconds = 100.0
    cursor = generate(world)["cursor"]
    assert (cursor["part"], cursor["row"]) == (1, 6)
    assert [reject.row for reject in staged(world)[1]] == [5]


def test_a_call_without_a_turn_returns_its_cursor() -> None:
    """Nothing is staged, and the orchestration calls again with the same cursor."""
    world = poisoned("x", "y")

    def taking(window: RowWindow) -> None:
        raise NoTurn

    world.compute.taking = taking
    cursor: Json = {"part": 0, "offset": 0, "row": None, "staged": 0}
    assert generate(world, cursor)["cursor"] == cursor
    assert staged(world)[2] == 0


def test_a_run_with_too_many_such_rows_fails_for_good(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of them takes seconds of the process, so their number is bounded, and the text names the last one."""
    monkeypatch.setattr(refused_rows, "MOST_ROWS", 3)
    with pytest.raises(Permanent, match=r"more than 3 rows had to be stopped or have crashed; the last is row 5: "):
        generate_all(poisoned(*["hang"] * 5))


def test_what_the_report_logs_is_logged_by_the_activity(caplog: pytest.LogCaptureFixture) -> None:
    """The records of the rows are logged again under their own name and level."""
    world = poisoned("x")
    world.compute.logs = [{"name": "reports.sales", "level": logging.INFO, "text": "100 % done"}]
    with caplog.at_level(logging.INFO):
        generate_all(world)
    assert ("reports.sales", logging.INFO, "100 % done") in caplog.record_tuples


def fixed(row: dict[str, str]) -> dict[str, str]:
    return {**row, "shop": "x"}


def test_a_corrected_row_is_run_again() -> None:
    """The row of a correction has the number of the row that was stopped, and is not that row."""
    world = World(reports={"sales": Poisoned()})
    rows = HEADER + b"s1,x,1,1\ns2,hang,1,1\n"
    asyncio.run(world.run(rows, tolerated_rejects=1))
    lines = asyncio.run(rejects_of(world))
    assert asyncio.run(post(world, FakeClient(), sent_back(lines, fixed))).status_code == 202
    receipt = asyncio.run(go_on(world)).output
    assert (receipt["rows_stored"], receipt["rows_rejected"]) == (2, 0)


def test_rows_of_a_later_run_of_the_same_id_are_run() -> None:
    """The key of a removed run starts a run of its id, whose rows have not harmed the process."""
    world = World(reports={"sales": Poisoned()})
    asyncio.run(world.run(HEADER + b"s1,x,1,1\ns2,hang,1,1\n", tolerated_rejects=1))
    asyncio.run(again(world))
    receipt = world.runs.records["r1"].result.receipt or {}
    assert (receipt["rows_stored"], receipt["rows_rejected"]) == (2, 0)


async def again(world: World) -> None:
    """Remove the run with its files, and run another input under its id."""
    world.runs.records.clear()
    world.driver.instances.clear()
    for path, _ in await world.staging.list(""):
        await world.staging.delete(path)
    world.clock.advance(1)
    await world.run(HEADER + b"s1,x,1,1\ns2,x,1,1\n")
