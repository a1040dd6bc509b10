import asyncio
from typing import Any

import pytest

from activities.advance_run import AdvanceRun
from outlast.errors import Permanent
from outlast.models import Json, RunChange
from tests.fakes.runs import FakeRuns
from tests.fakes.world import World


def make(state: str, **fields: Any) -> World:
    world = World()
    asyncio.run(world.accept(b"", state=state, **fields))
    return world


def advance(world: World, event: str, **given: Any) -> Json:
    answer: Json = asyncio.run(world.call("advance_run", event=event, **given))
    return answer


def test_an_event_is_applied_to_the_record_in_one_write() -> None:
    """State, totals and failure change together, and members that the input does not know are left out."""
    world = make("storing")
    failure = {"step": "store_data_to_db", "chunk": 3, "text": "no"}
    advance(world, "fail", failure=failure, totals={"rows": 7}, pending=["money"], report="other", max_parallel=1)
    record = world.runs.records["r1"]
    assert (record.result.failure, record.result.totals, record.status.pending) == (failure, {"rows": 7}, ["email"])
    assert (record.request.report, record.request.max_parallel) == ("sales", 2)
    assert world.runs.writes == 2


def test_an_event_that_is_refused_leaves_the_record() -> None:
    """The activity fails for good and names run, state, attempt and event."""
    world = make("storing")
    with pytest.raises(Permanent, match="run r1 is storing in attempt 1; 'close' of attempt 1 is refused"):
        advance(world, "close")
    assert world.runs.writes == 1


def test_a_repeated_call_changes_nothing() -> None:
    """It writes nothing, so the time of the last change stays."""
    world = make("reading")
    answers = [advance(world, "generate", totals={"rows": 1}) for _ in range(2)]
    assert answers[0] == answers[1]
    assert world.runs.writes == 2


def test_the_answer_is_a_view_of_the_record() -> None:
    """Lanes and tolerated rejects are those of the record now, not those of the start."""
    world = make("reading", max_parallel=3, tolerated_rejects=5, tolerated_reject_percent=1.5)
    assert advance(world, "generate") == {
        "max_parallel": 3,
        "tolerated_rejects": 5,
        "tolerated_reject_percent": 1.5,
        "min_rows": 0,
        "attempt": 1,
        "state": "generating",
        "pending": [],
        "failure": None,
        "receipt": None,
    }
    world.runs.set("r1", max_parallel=1)
    assert advance(world, "generate")["max_parallel"] == 1


def test_a_change_that_comes_between_is_not_lost() -> None:
    """The record is written under its ETag and read again where that has changed."""
    runs = FakeRuns()
    world = World()
    world.runs = runs
    asyncio.run(world.accept(b"", state="reading"))

    def meddle() -> None:
        runs.before_write = lambda: None
        runs.set("r1", max_parallel=7)

    runs.before_write = meddle
    answer = asyncio.run(AdvanceRun(runs).advance_run(RunChange("r1", 1, "generate").to_dict()))
    assert (answer["max_parallel"], runs.records["r1"].request.max_parallel) == (7, 7)
    assert runs.records["r1"].status.state == "generating"
