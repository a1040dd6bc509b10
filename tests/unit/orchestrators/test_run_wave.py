from typing import Any

import pytest

from orchestrators.run_wave import run_wave
from outlast.models import Failure, Totals
from outlast.orchestrations import Outcome, Wave
from tests.fakes.replay import Action
from tests.unit.orchestrators.telling import chunks_of, tell

WAVE = Wave("r1", 1, "store", 3, first=10, last=20, lanes=4)


def done(**totals: int) -> dict[str, Any]:
    return Outcome(True, None, Totals(**totals).to_dict()).to_dict()


def failed(text: str, **totals: int) -> dict[str, Any]:
    failure = Failure("store_data_to_db", 12, text).to_dict()
    return Outcome(False, failure, Totals(**totals).to_dict()).to_dict()


def run(*outcomes: Any) -> tuple[Action, Outcome]:
    """Return the one action that a wave asks for, and its outcome when its lanes have these outcomes."""

    def answer(action: Action) -> Any:
        if isinstance(outcomes[0], Exception):
            raise outcomes[0]
        return list(outcomes)

    (asked,), outcome, _ = tell(run_wave, WAVE.to_dict(), answer, "r1:1:store3")
    return asked, Outcome.from_dict(outcome)


def test_all_lanes_are_started_at_once() -> None:
    """A wave starts all its lanes at once, and each of four lanes takes every fourth chunk."""
    asked, _ = run(*[done()] * 4)
    assert asked.kind == "all"
    assert [(part.name, part.instance_id) for part in asked.parts] == [
        ("run_lane", f"r1:1:store3-{number}") for number in range(4)
    ]
    assert chunks_of([asked.parts[0]]) == [10, 14, 18]
    assert sorted(chunks_of(list(asked.parts))) == list(range(10, 21))


def test_the_totals_of_all_lanes_are_added_up() -> None:
    """A wave's totals are the sum of all lanes' totals, those of failed lanes too."""
    _, outcome = run(done(rows=1), done(rows=2), failed("no", rows=4), done(rows=8))
    assert Totals.from_dict(outcome.totals) == Totals(rows=15)


def test_the_first_failure_is_that_of_the_wave() -> None:
    """A wave's failure is that of the first lane that failed."""
    _, outcome = run(done(), failed("first"), done(), failed("second"))
    assert not outcome.ok
    assert outcome.error == Failure("store_data_to_db", 12, "first").to_dict()


def test_a_wave_whose_lanes_are_done_is_done() -> None:
    """A wave whose lanes all succeed has an outcome without an error."""
    _, outcome = run(*[done()] * 4)
    assert (outcome.ok, outcome.error) == (True, None)


@pytest.mark.parametrize("text", ["Orchestrator function 'run_lane' failed: python exited with code 1 (0x1)", "boom"])
def test_a_lane_that_died_is_an_outcome_too(text: str) -> None:
    """A wave with a lane that died returns a failed outcome that names the lane."""
    _, outcome = run(Exception(text))
    assert not outcome.ok
    assert outcome.error is not None
    assert (outcome.error["step"], outcome.error["chunk"]) == ("run_lane", None)
    assert outcome.error["text"] == text.rpartition("failed: ")[2]
