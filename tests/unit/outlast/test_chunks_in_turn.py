"""A call of an activity goes on with the next chunks of its lane while its time lasts."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from outlast.calls import ChunkAnswer, ChunkCall
from outlast.chunks_in_turn import chunks_in_turn
from outlast.deadline import Deadlines
from outlast.errors import Permanent
from outlast.models import Json, Totals
from tests.fakes.clock import ManualClock

CURSOR = {"part": 1}


@dataclass
class Chunks:
    """An activity that takes `seconds` a chunk and answers for some as they say. Each chunk has one row."""

    seconds: float = 0.0
    answers: Mapping[int, Json | Exception] = field(default_factory=dict)
    clock: ManualClock = field(default_factory=ManualClock)
    called: list[ChunkCall] = field(default_factory=list)

    async def store_data_to_db(self, given: Json) -> Json:
        call = ChunkCall.from_dict(given)
        self.called.append(call)
        self.clock.advance(self.seconds)
        answer = self.answers.get(call.chunk, {})
        if isinstance(answer, Exception):
            raise answer
        return ChunkAnswer(**{"cursor": None, "totals": Totals(rows=1).to_dict(), **answer}).to_dict()

    def call(self, timeout: float = 300.0, **given: Any) -> ChunkAnswer:
        """Ask for a chunk as a lane does: for the first of the chunks 0, 2, 4, 6 and 8 if nothing else is said."""
        function: Callable[[Any], Coroutine[Any, Any, Json]] = chunks_in_turn(
            self.store_data_to_db, Deadlines(timeout, self.clock)
        )
        asked = {"run": "r1", "attempt": 1, "chunk": 0, "lanes": 2, "last": 9, **given}
        return ChunkAnswer.from_dict(asyncio.run(function(ChunkCall(**asked).to_dict())))

    @property
    def numbers(self) -> list[int]:
        return [call.chunk for call in self.called]


def test_a_call_does_all_chunks_of_its_lane_that_take_no_time() -> None:
    """The chunks of the lane are done in their order, and the answer adds them up."""
    chunks = Chunks()
    answer = chunks.call()
    assert chunks.numbers == [0, 2, 4, 6, 8]
    assert (answer.cursor, answer.before, Totals.from_dict(answer.totals).rows) == (None, 4, 5)


@pytest.mark.parametrize(
    ("seconds", "timeout", "numbers"), [(0.9, 300.0, [0, 2, 4]), (2.0, 300.0, [0]), (0.06, 10.0, [0, 2])]
)
def test_no_chunk_is_begun_when_the_time_is_over(seconds: float, timeout: float, numbers: list[int]) -> None:
    """A call begins no chunk after two seconds, or after a hundredth of functionTimeout where that is less."""
    chunks = Chunks(seconds)
    assert chunks.call(timeout).before == len(numbers) - 1
    assert chunks.numbers == numbers


def test_a_call_for_one_chunk_does_no_other() -> None:
    """A call that names no last chunk, as the only chunk's does, is for its chunk alone."""
    chunks = Chunks()
    assert chunks.call(last=-1).before == 0
    assert chunks.numbers == [0]


def test_a_cursor_ends_the_call() -> None:
    """The answer has the cursor of the chunk that is not done, behind those that are."""
    chunks = Chunks(answers={4: {"cursor": CURSOR, "wait": 3.0}})
    answer = chunks.call()
    assert chunks.numbers == [0, 2, 4]
    assert (answer.cursor, answer.wait, answer.before) == (CURSOR, 3.0, 2)
    assert Totals.from_dict(answer.totals).rows == 3


def test_a_wait_ends_the_call() -> None:
    """Behind a chunk that is done and whose lane must wait no other is begun."""
    answer = (chunks := Chunks(answers={4: {"wait": 3.0}})).call()
    assert chunks.numbers == [0, 2, 4]
    assert (answer.cursor, answer.wait, answer.before) == (None, 3.0, 2)


def test_only_the_first_chunk_is_given_the_cursor() -> None:
    """A call that goes on with a chunk begins the next one without a cursor."""
    chunks = Chunks()
    chunks.call(cursor=CURSOR)
    assert [call.cursor for call in chunks.called] == [CURSOR, None, None, None, None]


def test_too_many_rejects_end_the_call() -> None:
    """Behind a chunk that refuses more rows than the run tolerates no other is done."""
    chunks = Chunks(answers={2: {"too_many_rejects": True}})
    assert chunks.call().too_many_rejects
    assert chunks.numbers == [0, 2]


@pytest.mark.parametrize("error", [Permanent("no such container"), ValueError("a bug")])
def test_an_error_is_of_the_chunk_that_was_asked_for(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    """An error of a later chunk is left for the call that asks for it, which raises it."""
    chunks = Chunks(answers={4: error})
    with caplog.at_level(logging.INFO, "outlast"):
        assert (answer := chunks.call()).before == 1
    assert answer.cursor is None
    assert caplog.messages == [f"chunk 4 is left for the next call: {type(error).__name__}"]
    with pytest.raises(type(error)):
        chunks.call(chunk=4)


def test_the_name_of_the_activity_stays() -> None:
    """It is registered under its own name."""
    assert chunks_in_turn(Chunks().store_data_to_db, Deadlines(1.0, ManualClock())).__name__ == "store_data_to_db"
