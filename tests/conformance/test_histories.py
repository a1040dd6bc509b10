"""Recorded histories are replayed with the current code.

The new code of a release replays the runs in flight, and an orchestrator that then asks for other actions breaks them.
So an orchestrator is changed under a new name, or behind a switch in its input.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from azure.durable_functions import Orchestrator

from outlast.durable import Caller, Context, Steps
from tests.fakes.world import STORIES
from tests.histories import stories

FILES = sorted((Path(__file__).parents[1] / "histories").glob("*.jsonl"))
TASK, CHILD, TIMER = 4, 7, 10
"""Kinds of events: a task scheduled, a sub-orchestration created, a timer created."""
TURNS = [json.loads(line) for file in FILES for line in file.read_text(encoding="utf-8").splitlines()]


def replay(orchestrator: Callable[[Context], Steps], context: dict[str, Any]) -> dict[str, Any]:
    """Return the answer of the code to a recorded history, in the recorder's form."""
    try:
        return {"returned": json.loads(Orchestrator.create(orchestrator)(json.dumps(context)))}
    except Exception as error:  # noqa: BLE001  # the SDK raises nothing narrower for an orchestrator that fails
        return {"raised": str(error)}


def known(value: Any, recorded: Any) -> Any:
    """The value without the members that inputs have only now. The host does not look at the inputs of what it has
    recorded, so a release may add some."""
    if isinstance(value, list) and isinstance(recorded, list) and len(value) == len(recorded):
        return [known(one, other) for one, other in zip(value, recorded, strict=True)]
    if not isinstance(value, dict) or not isinstance(recorded, dict):
        return value
    shared = {name: known(one, recorded.get(name)) for name, one in value.items()}
    if isinstance(value.get("input"), str) and isinstance(recorded.get("input"), str):
        given, then = json.loads(value["input"]), json.loads(recorded["input"])
        shared["input"] = json.dumps({name: one for name, one in given.items() if name in then})
    return shared


def parts_of(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer whose failure is divided into its text and the actions behind it."""
    if "raised" not in answer:
        return answer
    text, _, data = answer["raised"].partition("$OutOfProcData$:")
    return {"raised": text, "data": json.loads(data or "null")}


@pytest.mark.filterwarnings("ignore:Potential duplicate Task completion for TaskId. admitted")
# The SDK warns about an event that comes before its orchestrator waits for it, and delivers it then.
@pytest.mark.parametrize("turn", TURNS, ids=lambda turn: f"{turn['story']}-{turn['orchestrator']}")
def test_a_recorded_history_replays_with_the_same_actions(turn: dict[str, Any]) -> None:
    """The current code asks for the recorded actions, with the same inputs, status and result."""
    answer = replay(STORIES[turn["orchestrator"]], turn["context"])
    recorded = parts_of({name: turn[name] for name in answer})
    assert known(parts_of(answer), recorded) == recorded


def test_every_orchestrator_and_every_story_is_among_the_records() -> None:
    """The records contain every registered orchestrator and every way that a run can take."""
    assert {turn["orchestrator"] for turn in TURNS} == set(STORIES)
    assert {turn["story"] for turn in TURNS} == {story.__name__ for story in stories.STORIES}


def steps_of(story: str, orchestrator: str) -> list[str]:
    """Return the activities, timers and orchestrations that a recorded instance asked for, in order."""
    [turn] = [turn for turn in TURNS if (turn["story"], turn["orchestrator"]) == (story, orchestrator)]
    kinds = {TASK, CHILD, TIMER}
    return [event.get("Name", "timer") for event in turn["context"]["history"] if event["EventType"] in kinds]


@pytest.mark.parametrize(
    ("story", "steps"),
    [
        ("fails", "advance_run send_email advance_run advance_run"),
        ("waits_for_the_mail_service", "advance_run send_email timer send_email advance_run advance_run"),
        ("is_undone", "advance_run undo_report timer undo_report advance_run send_email advance_run advance_run"),
        ("is_terminated", "advance_run undo_report timer undo_report advance_run send_email advance_run advance_run"),
        ("is_cancelled", "advance_run undo_report timer undo_report advance_run advance_run"),
        ("is_superseded", "advance_run undo_report timer undo_report advance_run advance_run"),
    ],
)
def test_a_recorded_compensation_went_its_way(story: str, steps: str) -> None:
    """A recorded compensation asked for the activities and timers of its story."""
    assert " ".join(steps_of(story, "compensate_run")) == steps


@pytest.mark.parametrize("name", STORIES)
def test_a_changed_orchestrator_is_found(name: str) -> None:
    """An orchestrator that asks for a timer first gives none of the recorded answers."""

    def changed(context: Context) -> Steps:
        yield from Caller(context, 5.0).wait(1)
        return (yield from STORIES[name](context))

    recorded = [turn for turn in TURNS if turn["orchestrator"] == name]
    assert recorded
    for turn in recorded:
        answer = replay(changed, turn["context"])
        assert answer != {key: turn.get(key) for key in answer}
