import asyncio
from typing import Any

import pytest

from outlast.errors import Permanent
from outlast.models import Json
from tests.fakes.world import World


def make(state: str, **fields: Any) -> World:
    world = World()
    asyncio.run(world.accept(b"", state=state, **fields))
    return world


def advance(world: World, event: str, **given: Any) -> Json:
    answer: Json = asyncio.run(world.call("advance_run", event=event, **given))
    return answer


def test_an_event_is_applied_to_the_record_in_one_write() -> None:
    """An event changes state, totals and failure in one write, and unknown members of the input are ignored."""
    world = make("storing")
    failure = {"step": "store_data_to_db", "chunk": 3, "text": "no"}
    advance(world, "fail", failure=failure, totals={"rows": 7}, pending=["money"], report="other", max_parallel=1)
    record = world.runs.records["r1"]
    assert (record.result.failure, record.result.totals, record.status.pending) == (failure, {"rows": 7}, ["email"])
    assert (record.request.report, record.request.max_parallel) == ("sales", 2)
    assert world.runs.writes == 2


def test_an_event_that_is_refused_leaves_the_record() -> None:
    """A refused event raises Permanent with run, state, attempt and event, and writes nothing."""
    world = make("storing")
    with pytest.raises(Permanent, match="run r1 is storing in attempt 1; 'generate' of attempt 1 is refused"):
        advance(world, "generate")
    assert world.runs.writes == 1


def test_a_repeated_call_changes_nothing() -> None:
    """A repeated call returns the same view and writes nothing."""
    world = make("reading")
    answers = [advance(world, "generate", totals={"rows": 1}) for _ in range(2)]
    assert answers[0] == answers[1]
    assert world.runs.writes == 2


def test_the_answer_is_a_view_of_the_record() -> None:
    """The answer has the record's current lanes and tolerances, not those of the start."""
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
        "grouped": False,
        "receipt": None,
        "last_attempt": 4,
        "mode": "upsert",
        "plan": False,
        "expires": None,
        "verify": None,
    }
    world.runs.set("r1", max_parallel=1)
    assert advance(world, "generate")["max_parallel"] == 1


def test_a_change_that_comes_between_is_not_lost() -> None:
    """A change between the read and the write of the record is kept, because the record is then read again."""
    world = World()
    runs = world.runs
    asyncio.run(world.accept(b"", state="reading"))

    def meddle() -> None:
        runs.before_write = lambda: None
        runs.set("r1", max_parallel=7)

    runs.before_write = meddle
    answer = advance(world, "generate")
    assert (answer["max_parallel"], runs.records["r1"].request.max_parallel) == (7, 7)
    assert runs.records["r1"].status.state == "generating"


def test_a_run_that_begins_again_does_not_believe_a_stale_record() -> None:
    """A replica that still shows `reading` would leave the attempt as it is, and the work before would go on beside."""
    world = make("reading")

    def move_on() -> None:
        """After the two reads of the admission, behind the read of the event."""
        if world.runs.reads == 3:
            world.runs.set("r1", state="storing")

    world.runs.when_read = move_on
    view = advance(world, "read")
    assert (view["state"], view["attempt"]) == ("reading", 2)
