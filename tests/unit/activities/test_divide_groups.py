import asyncio
from typing import Any

import pytest

from activities import read_input_file
from outlast.errors import Permanent
from outlast.staging import shards
from outlast.staging.group_file import PREFIXES
from outlast.staging.paths import groups_path
from outlast.staging.shards import GroupIndex
from tests.fakes.grouped_reports import GROUPED, prepare_grouped
from tests.fakes.reports import HEADER, make_csv
from tests.fakes.world import World


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of a few rows."""
    monkeypatch.setattr(read_input_file, "SMALLEST", 150)


def prepared(body: bytes) -> World:
    world = World(reports=GROUPED)
    asyncio.run(prepare_grouped(world, body))
    return world


def index_of(world: World) -> GroupIndex:
    return GroupIndex.decoded(asyncio.run(world.staging.need(groups_path("r1"))))


def divide(world: World) -> Any:
    return asyncio.run(world.call("divide_groups"))


def test_few_groups_are_one_shard_of_the_files_of_all_chunks() -> None:
    """The index names the file of each part in the order of the rows."""
    world = prepared(make_csv(50))
    assert divide(world) == {"cursor": None, "shards": 1}
    index = index_of(world)
    chunks = len(asyncio.run(world.files.chunks(world.runs.records["r1"])).chunks)
    assert [(file.chunk, file.part) for file in index.files] == [(chunk, 0) for chunk in range(chunks)]
    assert index.shards == [(0, PREFIXES)]


def test_many_groups_are_several_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their number follows from the bytes of all partial groups."""
    monkeypatch.setattr(shards, "USUAL", 10_000)
    assert divide(prepared(make_csv(300, shops=300)))["shards"] > 3


def test_a_repeat_returns_what_the_first_call_has_divided(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shards stay as they are once they are known, also when a later release would divide otherwise."""
    world = prepared(make_csv(300, shops=300))
    first = divide(world)
    monkeypatch.setattr(shards, "USUAL", 2_000)
    assert divide(world) == first


def test_without_any_group_there_is_one_empty_shard() -> None:
    """A run all of whose rows are rejected goes on to its end."""
    world = prepared(HEADER + b"s1,shop1,?,1\n")
    assert divide(world) == {"cursor": None, "shards": 1}


def test_a_run_that_has_moved_on_is_left_alone() -> None:
    """A call after the run was fenced raises Permanent and stages nothing."""
    world = prepared(make_csv(5))
    world.runs.set("r1", state="failing")
    with pytest.raises(Permanent, match="is failing in attempt 1"):
        divide(world)
    assert asyncio.run(world.staging.get(groups_path("r1"))) is None
