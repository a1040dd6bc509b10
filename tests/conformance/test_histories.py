"""Recorded histories on the current code.

A run that is in flight when a release comes is replayed by the new code, and an orchestrator that then asks for other
actions breaks it. So one is changed under a new name, or behind a switch in its input.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from azure.durable_functions import Orchestrator

from orchestrators.import_report import import_report
from orchestrators.run_lane import run_lane
from orchestrators.run_wave import run_wave
from orchestrators.settle_run import settle_run
from outlast.durable import Context, Steps, call

ORCHESTRATORS = {f.__name__: f for f in (import_report, run_wave, run_lane, settle_run)}
FILES = sorted((Path(__file__).parents[1] / "histories").glob("*.jsonl"))
TURNS = [json.loads(line) for file in FILES for line in file.read_text(encoding="utf-8").splitlines()]


def replay(orchestrator: Callable[[Context], Steps], context: dict[str, Any]) -> dict[str, Any]:
    """What the code answers to a recorded history, as the recorder writes it."""
    try:
        return {"returned": json.loads(Orchestrator.create(orchestrator)(json.dumps(context)))}
    except Exception as error:  # noqa: BLE001  # the SDK raises nothing narrower for an orchestrator that fails
        return {"raised": str(error)}


@pytest.mark.parametrize("turn", TURNS, ids=lambda turn: f"{turn['orchestrator']}-{turn['context']['instanceId'][-9:]}")
def test_a_recorded_history_replays_with_the_same_actions(turn: dict[str, Any]) -> None:
    """The current code asks for what the recorded code asked for, with the same inputs, status and result."""
    answer = replay(ORCHESTRATORS[turn["orchestrator"]], turn["context"])
    assert answer == {name: turn[name] for name in answer}


def test_every_orchestrator_is_among_the_records() -> None:
    """A run that completes and one that fails go through all of them."""
    assert {turn["orchestrator"] for turn in TURNS} == set(ORCHESTRATORS)


def test_a_changed_orchestrator_is_found() -> None:
    """An orchestrator that calls another activity first does not give the recorded answer."""

    def changed(context: Context) -> Steps:
        yield from call(context, "read_input_file", {"run": context.instance_id, "attempt": 1, "cursor": None})

    turn = next(turn for turn in TURNS if turn["orchestrator"] == "import_report" and "returned" in turn)
    assert replay(changed, turn["context"]) != {"returned": turn["returned"]}
