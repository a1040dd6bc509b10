"""The request units of a run's lane over many chunks, of each of which little is sent."""

import asyncio

import pytest

from activities import read_input_file
from outlast.calls import ChunkAnswer, ChunkCall
from outlast.chunks_in_turn import chunks_in_turn
from outlast.models import Totals
from tests.fakes.reports import make_csv
from tests.fakes.world import World

LANES = 8


def lane(world: World, step: str, last: int) -> tuple[float, int]:
    """Do all chunks as the first of LANES lanes would; return the request units and the number of calls."""
    activity = chunks_in_turn(world.steps[step], world.deadlines)
    totals, calls, chunk, cursor = Totals(), 0, 0, None
    while chunk <= last:
        given = ChunkCall("r1", 1, chunk, cursor, LANES, last).to_dict()
        answer = ChunkAnswer.from_dict(asyncio.run(activity(given)))
        totals, calls, cursor = totals + Totals.from_dict(answer.totals), calls + 1, answer.cursor
        chunk += (answer.before + (cursor is None)) * LANES
        world.clock.advance(answer.wait)
    return totals.ru, calls


@pytest.mark.parametrize("share", [400, 8])
@pytest.mark.parametrize(("step", "state"), [("store_data_to_db", "storing"), ("verify_report", "verifying")])
def test_small_chunks_keep_to_the_share(monkeypatch: pytest.MonkeyPatch, step: str, state: str, share: float) -> None:
    """A lane takes as long for its chunks as its part of the request units allows, however few each chunk needs."""
    monkeypatch.setattr(read_input_file, "SMALLEST", 30)
    world = World()
    asyncio.run(world.prepare(make_csv(80), state, verify="content"))
    world.runs.set("r1", ru_share=share)
    began = world.clock()
    units, calls = lane(world, step, 79)
    assert units > 0
    assert world.clock() - began >= units / (share / LANES) * 0.99
    assert calls <= (5 if share == 400 else 20)
