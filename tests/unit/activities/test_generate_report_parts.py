import asyncio
from typing import Any

import pytest

from outlast.errors import Permanent
from outlast.generating import part_builder
from tests.fakes.reports import make_csv
from tests.fakes.world import call_until_done
from tests.unit.activities.generating import GIVEN, generate, generate_all, ids, prepare, staged


def test_at_the_deadline_it_hands_over_a_cursor_and_goes_on_from_there() -> None:
    """A chunk that takes several calls generates each row once, in parts that have the rejects of their own rows."""
    body = make_csv(60, bad=[5, 50])
    world = prepare(body)
    world.clock.tick = 3.0
    generate_all(world)
    lines, rejects, parts = staged(world)
    assert parts > 2
    assert sorted(ids(lines)) == [f"s{n:04}.0" for n in range(60) if n not in (5, 50)]
    assert [reject.row for reject in rejects] == [7, 52]
    assert [line.row for line in sorted(lines, key=lambda line: line.parsed()["id"])] == [
        n + 2 for n in range(60) if n not in (5, 50)
    ]


def test_a_part_that_is_large_enough_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A part is closed when its documents reach PART_BYTES, so that they do not fill the memory."""
    monkeypatch.setattr(part_builder, "PART_BYTES", 2_600)
    world = prepare(make_csv(60))
    generate_all(world)
    lines, _, parts = staged(world)
    assert (parts, len(lines)) == (12, 60)


def test_a_part_with_many_bad_rows_is_closed_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """A part is closed when its rejects reach PART_BYTES, so that they do not fill the memory."""
    monkeypatch.setattr(part_builder, "PART_BYTES", 2_600)
    world = prepare(make_csv(60, bad=list(range(60))))
    generate_all(world)
    lines, rejects, parts = staged(world)
    assert (parts, len(lines), len(rejects)) == (10, 0, 60)


def test_a_part_that_ends_with_the_chunk_has_no_cursor(monkeypatch: pytest.MonkeyPatch) -> None:
    """The part that ends with its chunk has no cursor, so no empty part follows it."""
    monkeypatch.setattr(part_builder, "PART_BYTES", 1)
    world = prepare(make_csv(2))
    cursor = generate(world)["cursor"]
    assert cursor is not None
    assert generate(world, cursor)["cursor"] is None
    assert staged(world)[2] == 2


def test_a_repeat_returns_the_same_and_generates_nothing() -> None:
    """A repeated call returns the answer of the first and generates nothing, whatever its deadline."""
    world = prepare(make_csv(60, bad=[3]))
    world.clock.tick = 3.0
    first = generate(world)
    assert first["cursor"] is not None
    before = staged(world)
    world.clock.tick = 0.0
    world.reports = {}
    assert generate(world) == first
    assert staged(world) == before


def test_two_calls_at_once_give_one_part() -> None:
    """Calls at once that stop at different rows return the same answer, and the chunk has every row once."""
    world = prepare(make_csv(60))
    world.clock.tick = 2.0

    async def run() -> None:
        answers = await asyncio.gather(*(world.call("generate_report", chunk=0, cursor=None) for _ in range(3)))
        assert answers[0] == answers[1] == answers[2]
        await call_until_done(world.steps["generate_report"], GIVEN)

    asyncio.run(run())
    assert sorted(ids(staged(world)[0])) == [f"s{n:04}.0" for n in range(60)]


def test_the_next_attempt_finds_what_was_generated() -> None:
    """A call of the next attempt returns the part that an earlier attempt staged."""
    world = prepare(make_csv(5))
    first = generate(world)
    world.runs.set("r1", attempt=2)
    assert asyncio.run(world.call("generate_report", attempt=2, chunk=0, cursor=None)) == first


def test_a_run_that_moves_on_meanwhile_is_left_then() -> None:
    """A call whose run moves on between two slices of work raises Permanent and stages nothing."""
    world = prepare(make_csv(60))
    world.clock.tick = 1.0
    reads = world.runs.reads

    def move_on() -> None:
        if world.runs.reads == reads + 1:
            world.runs.set("r1", state="failing")

    world.runs.when_read = move_on
    with pytest.raises(Permanent, match="belongs to generating"):
        generate(world)
    assert staged(world)[2] == 0


@pytest.mark.parametrize("changes", [{"state": "failing"}, {"state": "storing"}, {"attempt": 2}])
def test_a_run_that_has_moved_on_is_left_alone(changes: dict[str, Any]) -> None:
    """A call of an earlier state or attempt raises Permanent and stages nothing."""
    world = prepare(make_csv(1))
    world.runs.set("r1", **changes)
    with pytest.raises(Permanent, match="belongs to generating in attempt 1"):
        generate(world)
    assert staged(world)[2] == 0
