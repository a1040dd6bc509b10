"""Whole runs whose orchestration dies and whose next attempt goes on."""

import asyncio
from typing import Any

import pytest

from activities import read_input_file
from outlast.models import Json
from tests.fakes.reports import make_csv
from tests.fakes.world import World

ROWS = 2000


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of a few rows."""
    monkeypatch.setattr(read_input_file, "SMALLEST", 150)


def store_until(world: World, share: float) -> dict[int, int]:
    """Let the next wave die once that share of the documents is written. Returns operations by attempt, as they go."""
    operations, store = {1: 0, 2: 0}, world.steps["store_data_to_db"]

    async def counted(given: Json) -> Any:
        before = sum(map(len, world.transport.sent))
        answer = await store(given)
        operations[given["attempt"]] += sum(map(len, world.transport.sent)) - before
        if given["attempt"] == 1 and operations[1] >= share * ROWS:
            world.driver.dying["run_wave"] = 1
        return answer

    world.steps["store_data_to_db"] = counted
    return operations


def test_a_run_killed_at_95_percent_of_storing_sends_the_rest_alone() -> None:
    """The next attempt sends at most 6 % of the operations, and the receipt is that of an undisturbed run."""
    undisturbed = asyncio.run(World().run(make_csv(ROWS))).output
    world = World()
    operations = store_until(world, 0.94)
    receipt = asyncio.run(world.run(make_csv(ROWS))).output
    assert world.runs.records["r1"].status.attempt == 2
    assert operations[1] >= 0.94 * ROWS
    assert 0 < operations[2] <= 0.06 * ROWS
    assert [attempt["by"] for attempt in receipt["attempts"]] == ["accepted", "retried"]
    assert {**receipt, "seconds": 0, "attempts": []} == {**undisturbed, "seconds": 0, "attempts": []}


def test_a_next_attempt_generates_nothing_again() -> None:
    """The rows of a report are generated once, whatever dies behind them."""
    world = World()
    store_until(world, 0.5)
    written: list[str] = []
    put = world.staging.put

    async def noted(path: str, data: bytes) -> None:
        written.append(path)
        await put(path, data)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(world.staging, "put", noted)
        asyncio.run(world.run(make_csv(ROWS)))
    generated = [path for path in written if "/generated/" in path]
    assert world.runs.records["r1"].status.attempt == 2
    assert len(generated) == len(set(generated)) > 100
