from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from orchestrators.run_lane import run_lane
from outlast.calls import ChunkAnswer
from outlast.durable import CALLS
from outlast.models import Totals
from outlast.orchestrations import Lane, Outcome
from tests.fakes.replay import Action, ReplayContext
from tests.unit.orchestrators.telling import tell

DONE = ChunkAnswer(None, Totals(rows=1).to_dict()).to_dict()
UNENDED = ChunkAnswer({"part": 1}, Totals(rows=1).to_dict())
MORE = UNENDED.to_dict()


def make(first: int = 0, step: int = 1, last: int = 0, phase: str = "generate", **fields: Any) -> Lane:
    return Lane("r1", 1, phase, first, step, last, **fields)


def run(lane: Lane, answer: Callable[[Action], Any] = lambda _: DONE) -> tuple[list[Action], Any, ReplayContext]:
    return tell(run_lane, lane.to_dict(), answer)


def run_to_end(lane: Lane, answer: Callable[[Action], Any] = lambda _: DONE) -> tuple[list[Action], Outcome, int]:
    """Return all calls over all generations, the outcome, and the number of generations."""
    asked, generations = list[Action](), 0
    while True:
        generations += 1
        calls, outcome, context = run(lane, answer)
        asked += calls
        if context.continued is None:
            return asked, Outcome.from_dict(outcome), generations
        lane = Lane.from_dict(context.continued)


@pytest.mark.parametrize(("phase", "step"), [("generate", "generate_report"), ("store", "store_data_to_db")])
def test_a_lane_takes_its_chunks_one_after_another(phase: str, step: str) -> None:
    """A lane calls its phase's activity for every `step`th chunk from its first to its last, with up to 5 attempts
    each."""
    asked, outcome, _ = run_to_end(make(first=3, step=4, last=12, phase=phase))
    assert [action.given["chunk"] for action in asked] == [3, 7, 11]
    assert {(action.kind, action.name, action.attempts) for action in asked} == {("activity", step, 5)}
    assert asked[0].given == {"run": "r1", "attempt": 1, "chunk": 3, "cursor": None, "lanes": 4, "last": 12}
    assert (outcome.ok, Totals.from_dict(outcome.totals)) == (True, Totals(rows=3))


def test_a_chunk_is_called_until_it_answers_without_a_cursor() -> None:
    """A lane calls a chunk with the cursor of its last answer until an answer has no cursor, and starts the next chunk
    without one."""
    answers = iter([MORE, MORE, DONE, DONE])
    asked, outcome, _ = run_to_end(make(last=1), lambda _: next(answers))
    assert [(action.given["chunk"], action.given["cursor"]) for action in asked] == [
        (0, None),
        (0, {"part": 1}),
        (0, {"part": 1}),
        (1, None),
    ]
    assert Totals.from_dict(outcome.totals) == Totals(rows=4)


def test_a_lane_waits_as_long_as_an_answer_says() -> None:
    """A call that could only wait has given its slot back; the lane calls again after a timer."""
    answers = iter([replace(UNENDED, wait=90.0).to_dict(), DONE])

    def answering(action: Action) -> Any:
        return None if action.kind == "timer" else next(answers)

    asked, outcome, _ = run_to_end(make(), answering)
    assert [(action.kind, action.seconds) for action in asked] == [("activity", 0), ("timer", 90.0), ("activity", 0)]
    assert asked[2].given["cursor"] == {"part": 1}
    assert outcome.ok


def test_a_lane_goes_on_behind_the_chunks_that_a_call_has_done_together() -> None:
    """Behind a call that has done three chunks, or done two and begun a third, the lane calls for the next one."""
    answers = iter([{**DONE, "before": 2}, {**MORE, "before": 2}, DONE])
    asked, outcome, _ = run_to_end(make(step=2, last=11), lambda _: next(answers))
    assert [(action.given["chunk"], action.given["cursor"]) for action in asked] == [
        (0, None),
        (6, None),
        (10, {"part": 1}),
    ]
    assert {(action.given["lanes"], action.given["last"]) for action in asked} == {(2, 11)}
    assert outcome.ok


@pytest.mark.parametrize(("chunks", "generations"), [(49, 1), (50, 2), (51, 2), (120, 3)])
def test_a_lane_starts_anew_after_so_many_calls(chunks: int, generations: int) -> None:
    """A lane continues as new after 50 calls, and no chunk is left out or called twice."""
    asked, outcome, counted = run_to_end(make(last=chunks - 1))
    assert [action.given["chunk"] for action in asked] == list(range(chunks))
    assert Totals.from_dict(outcome.totals) == Totals(rows=chunks)
    assert counted == generations


def test_a_lane_starts_anew_within_a_chunk_of_many_cursors() -> None:
    """A lane that continues as new within a chunk goes on with its cursor."""
    answers = iter([*[MORE] * 130, DONE])
    asked, outcome, generations = run_to_end(make(), lambda _: next(answers))
    assert (len(asked), generations) == (131, 3)
    assert asked[CALLS].given["cursor"] == {"part": 1}
    assert Totals.from_dict(outcome.totals) == Totals(rows=131)


@pytest.mark.parametrize("answer", [{"permanent": "no such container"}, Exception("Activity function 'x' failed:  no")])
def test_a_failure_is_returned_with_what_was_done(answer: Any) -> None:
    """A lane returns a failure with its totals instead of raising it, and calls nothing after it."""
    answers = iter([DONE, DONE, answer])

    def answering(_: Action) -> Any:
        found = next(answers)
        if isinstance(found, Exception):
            raise found
        return found

    asked, outcome, _ = run_to_end(make(last=9), answering)
    assert len(asked) == 3
    assert not outcome.ok
    assert outcome.error is not None
    assert (outcome.error["step"], outcome.error["chunk"]) == ("generate_report", 2)
    assert outcome.error["text"] in ("no such container", "no")
    assert Totals.from_dict(outcome.totals) == Totals(rows=2)


def test_a_lane_ends_when_a_call_refused_too_many_rows() -> None:
    """The lane does not take its other chunks, and what it counted stays."""
    answers = iter(
        [DONE, ChunkAnswer({"part": 1}, Totals(rows=9, rejected=4).to_dict(), too_many_rejects=True).to_dict()]
    )
    asked, outcome, _ = run_to_end(make(last=9), lambda _: next(answers))
    assert (len(asked), outcome.ok, Totals.from_dict(outcome.totals)) == (2, True, Totals(rows=10, rejected=4))


def test_totals_are_shown_first_thing_and_after_each_call() -> None:
    """A lane sets its totals as custom status when a generation begins and after each call."""
    _, _, context = run(make(last=1, totals=Totals(rows=7).to_dict()))
    assert [status["rows"] for status in context.statuses] == [7, 8, 9]


def test_a_lane_without_chunks_is_done() -> None:
    """A lane without chunks calls no activity."""
    asked, outcome, _ = run_to_end(make(first=5, last=4))
    assert (asked, outcome.ok) == ([], True)
