import asyncio
import csv
import io
from collections.abc import Callable
from typing import Any

import pytest

from activities import read_input_file
from outlast.errors import Permanent
from outlast.generating.row_window import GROUP_DOCUMENTS, NoTurn, RowsLost, RowWindow
from outlast.models import Json, Totals
from outlast.report import Report
from outlast.staging import shards
from outlast.staging.parts import Generated
from tests.fakes.grouped_reports import GROUPED, ShopTotals, prepare_grouped
from tests.fakes.reports import HEADER, make_csv
from tests.fakes.vices import hang
from tests.fakes.world import World


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of a few rows."""
    monkeypatch.setattr(read_input_file, "SMALLEST", 150)


def prepared(body: bytes, report: Report[Any] | None = None, **fields: Any) -> World:
    """A run whose groups are divided."""
    world = World(reports={"shop_totals": report} if report else GROUPED)
    asyncio.run(prepare_grouped(world, body, **fields))
    asyncio.run(world.call("divide_groups"))
    return world


def combine(world: World, shard: int = 0) -> list[Any]:
    """The answers of all calls for a shard."""
    answers = [asyncio.run(world.call("combine_groups", chunk=shard))]
    while (cursor := answers[-1]["cursor"]) is not None:
        answers.append(asyncio.run(world.call("combine_groups", chunk=shard, cursor=cursor)))
    return answers


def documents(world: World, shard: int = 0) -> list[Json]:
    async def read() -> list[Json]:
        generated = Generated(world.staging, "r1", shard)
        files = [await world.staging.need(generated.path(n, part.documents)) async for n, part in generated.parts()]
        from outlast.cosmos.bulk.staged_document import read_staged

        return [document.parsed() for data in files for document in read_staged(data)]

    return asyncio.run(read())


def rejects(world: World, shard: int = 0) -> list[list[str]]:
    async def read() -> list[list[str]]:
        generated = Generated(world.staging, "r1", shard)
        names = [(number, part.rejects) async for number, part in generated.parts() if part.rejects]
        files = [await world.staging.need(generated.path(number, name)) for number, name in names]
        return list(csv.reader(io.StringIO(b"".join(files).decode(), newline="")))

    return asyncio.run(read())


def test_a_shard_becomes_the_documents_of_its_groups() -> None:
    """The rows of all chunks are in the groups, and are not counted again."""
    world = prepared(make_csv(50))
    (answer,) = combine(world)
    totals = Totals.from_dict(answer["totals"])
    assert (totals.rows, totals.rejected, totals.documents) == (0, 0, 3)
    assert {one["shop"]: (one["rows"], one["amount"]) for one in documents(world)} == {
        "shop0": (17, sum(range(0, 50, 3))),
        "shop1": (17, sum(range(1, 50, 3))),
        "shop2": (16, sum(range(2, 50, 3))),
    }


def test_all_shards_together_have_each_group_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shards that are divided within a first byte of the hashes, too, are combined to the same documents."""
    monkeypatch.setattr(shards, "USUAL", 3_000)
    monkeypatch.setattr(shards, "LARGEST", 600)
    world = prepared(make_csv(200, shops=40))
    count = asyncio.run(world.call("divide_groups"))["shards"]
    assert count > 5
    for shard in range(count):
        combine(world, shard)
    found = [one for shard in range(count) for one in documents(world, shard)]
    assert sorted((one["shop"], one["rows"]) for one in found) == sorted((f"shop{n}", 5) for n in range(40))


def test_a_group_that_fails_rejects_all_its_rows_by_the_first() -> None:
    """The reject has the first row's number, names the group and its rows, and all of them count."""
    world = prepared(make_csv(20) + b"x1,raise,1,1\nx2,raise,2,1\nx3,huge,2,1\n")
    (answer,) = combine(world)
    assert answer["totals"]["rejected"] == 3
    found = {row[0]: row[1:] for row in rejects(world)}
    assert found["22"][:3] == ["", "error", "group shop 'raise' of 2 rows: LookupError: no such shop"]
    assert found["24"][1] == "too_large"
    assert "group shop 'huge' of 1 rows" in found["24"][2]


def test_more_rejects_than_tolerated_end_the_lane() -> None:
    """The answer says so, because the run fails whatever the other shards have."""
    world = prepared(make_csv(20) + b"x1,raise,1,1\nx2,raise,2,1\n", tolerated_rejects=1)
    assert combine(world)[0]["too_many_rejects"]
    assert not combine(prepared(make_csv(20), tolerated_rejects=1))[0]["too_many_rejects"]


def test_a_group_whose_code_never_returns_is_a_reject() -> None:
    """It is stopped, said of the first row, and the others become documents."""

    class Hanging(ShopTotals):
        def generate_report(self, group: Any, reference: Any) -> Any:
            if group.shop == "shop1":
                hang()
            return super().generate_report(group, reference)

    world = prepared(make_csv(20), Hanging())
    combine(world)
    assert [row[:3] for row in rejects(world)] == [["3", "", "timeout"]]
    assert "group shop 'shop1' of 7 rows: the row took longer than" in rejects(world)[0][3]
    assert {one["shop"] for one in documents(world)} == {"shop0", "shop2"}


def slowly(world: World, shop_seconds: float) -> Callable[[RowWindow], None]:
    return lambda window: world.clock.advance(shop_seconds) if window.makes == GROUP_DOCUMENTS else None


def test_a_call_that_reaches_its_deadline_goes_on_at_the_next_group(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each call stages a part, and together they are what one call would make."""
    whole = prepared(make_csv(60, shops=20))
    combine(whole)
    world = prepared(make_csv(60, shops=20))
    monkeypatch.setattr("outlast.generating.part_builder.PART_BYTES", 1_000)
    answers = combine(world)
    assert len(answers) > 3
    assert sorted(documents(world), key=str) == sorted(documents(whole), key=str)
    assert sum(answer["totals"]["documents"] for answer in answers) == 20


def test_a_call_without_a_turn_returns_its_cursor() -> None:
    """Nothing is staged, and the next call tries again."""
    world = prepared(make_csv(20))

    def no_turn(window: RowWindow) -> None:
        raise NoTurn

    world.compute.taking = no_turn
    answer = asyncio.run(world.call("combine_groups", chunk=0))
    assert answer["cursor"] == {"part": 0, "offset": 0, "row": None, "staged": 0}
    world.compute.taking = lambda window: None
    combine(world)
    assert len(documents(world)) == 3


def test_a_process_that_ends_between_groups_is_replaced() -> None:
    """A slice that is lost is made again, and no group is twice."""
    world, losses = prepared(make_csv(20)), iter([True])

    def lose_once(window: RowWindow) -> None:
        if next(losses, False):
            raise RowsLost(None, "signal SIGKILL")

    world.compute.taking = lose_once
    combine(world)
    assert len(documents(world)) == 3


def test_a_repeat_returns_what_is_staged() -> None:
    """A part that is staged is not made again, so that stored documents never change."""
    world = prepared(make_csv(20))
    first = combine(world)

    def no_more(window: RowWindow) -> None:
        raise AssertionError

    world.compute.taking = no_more
    assert combine(world) == first


def test_a_report_that_is_no_longer_grouped_fails_the_run() -> None:
    """The text says what was changed since the run was accepted."""
    world = prepared(make_csv(20))
    world.reports = dict(world.reports)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ShopTotals, "grouped", False)
        with pytest.raises(Permanent, match="shop_totals is no GroupedReport now"):
            combine(world)


def test_a_run_that_has_moved_on_is_left_alone() -> None:
    """A call after the run was fenced raises Permanent."""
    world = prepared(make_csv(20))
    world.runs.set("r1", state="failing")
    with pytest.raises(Permanent, match="is failing in attempt 1"):
        combine(world)


def test_only_rejected_rows_make_an_empty_shard() -> None:
    """The part of a shard without groups has no documents."""
    world = prepared(HEADER + b"s1,shop1,?,1\n")
    (answer,) = combine(world)
    assert answer["totals"] == Totals().to_dict()
    assert documents(world) == []
