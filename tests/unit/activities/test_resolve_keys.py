import asyncio
from typing import Any

import pytest

from activities import read_input_file
from outlast import models
from outlast.errors import Permanent
from outlast.models import Totals, shards_of
from outlast.staging.resolved import LOST, Placed, Resolved
from tests.fakes.reports import make_csv
from tests.fakes.world import World, call_until_done

TWINS = make_csv(200).splitlines(keepends=True)
TWINS.append(TWINS[3])
DONE = {"cursor": None, "totals": Totals().to_dict(), "wait": 0.0, "too_many_rejects": False, "before": 0}


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of a few rows."""
    monkeypatch.setattr(read_input_file, "SMALLEST", 150)


def prepare(body: bytes, **fields: Any) -> World:
    """Return a run whose chunks are generated."""
    world = World()
    asyncio.run(world.prepare(body, "resolving", **fields))
    return world


def resolve(world: World, shards: int = 1) -> list[Placed]:
    """Resolve every shard and return the documents that lost."""

    async def run() -> list[Placed]:
        for shard in range(shards):
            await call_until_done(world.steps["resolve_keys"], {"run": "r1", "attempt": 1, "chunk": shard})
        chunks = len((await world.files.chunks(world.runs.records["r1"])).chunks)
        resolved = Resolved(world.staging, "r1", chunks)
        heads = await resolved.heads(LOST, await resolved.summed_up())
        return [lost for chunk in range(chunks) for lost in await resolved.of(LOST, heads, chunk)]

    return asyncio.run(run())


def test_rows_that_make_different_documents_lose_none() -> None:
    """One call compares the documents of all chunks."""
    world = prepare(make_csv(200))
    assert asyncio.run(world.call("resolve_keys", chunk=0)) == DONE
    assert resolve(world) == []


@pytest.mark.parametrize(("rule", "rows"), [("last", [4]), ("first", [202]), ("reject", [4, 202])])
def test_of_two_distant_rows_the_report_says_which_wins(rule: str, rows: list[int]) -> None:
    """The document of the row that loses is found with its place and the other row."""
    lost = resolve(prepare(b"".join(TWINS), duplicates=rule))
    assert sorted((one.row, one.other) for one in lost) == [(row, 206 - row) for row in rows]
    assert {one.part for one in lost} == {0}


def test_the_shards_together_find_what_one_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many documents are compared in shards of the hash space."""
    body = b"".join([*TWINS, *TWINS[50:60]])
    whole = resolve(prepare(body))
    monkeypatch.setattr(models, "SHARD", 20)
    assert shards_of(len(TWINS) + 10) == 11
    assert sorted(resolve(prepare(body), 11)) == sorted(whole)
    assert len(whole) == 11


def test_a_repeat_decides_nothing_anew() -> None:
    """A shard that is decided stays as it is, also for the next attempt."""
    world = prepare(b"".join(TWINS))
    first = resolve(world)
    world.runs.set("r1", duplicates="first")
    assert resolve(world) == first


def test_a_call_without_time_to_list_all_parts_is_called_again() -> None:
    """What was listed before is kept, so the calls come to an end."""
    world = prepare(make_csv(2_000))
    world.clock.tick = 20.0
    answers = [asyncio.run(world.call("resolve_keys", chunk=0))]
    while answers[-1]["cursor"] is not None:
        answers.append(asyncio.run(world.call("resolve_keys", chunk=0, cursor=answers[-1]["cursor"])))
    assert len(answers) > 2
    assert answers[-1] == DONE


def test_a_shard_behind_the_last_one_has_nothing() -> None:
    """A run some of whose parts have no keys is divided into fewer shards than its documents say."""
    assert resolve(prepare(b"".join(TWINS)), 3) == resolve(prepare(b"".join(TWINS)))


def test_parts_of_an_earlier_release_have_no_keys_and_are_passed_over() -> None:
    """A run that was generated before keys were staged in this form is stored as it was then."""
    world = prepare(b"".join(TWINS))

    async def without() -> None:
        for path in [path for path, _ in await world.staging.list("runs/r1/generated") if path.endswith("json")]:
            answer = (await world.staging.need(path)).replace(b'"entries":"', b'"gone":"')
            await world.staging.put(path, answer)

    asyncio.run(without())
    assert resolve(world) == []


@pytest.mark.parametrize("changes", [{"state": "failing"}, {"state": "storing"}, {"attempt": 2}])
def test_a_run_that_has_moved_on_is_left_alone(changes: dict[str, Any]) -> None:
    """A call of an earlier state or attempt raises Permanent and stages nothing."""
    world = prepare(make_csv(3))
    world.runs.set("r1", **changes)
    with pytest.raises(Permanent, match="belongs to resolving in attempt 1"):
        asyncio.run(world.call("resolve_keys", chunk=0))
    assert asyncio.run(world.staging.list("runs/r1/resolved")) == []
