"""The pure turn is compared with every turn that was recorded with the Azure host."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from local.host.durable import answers, events
from local.host.durable.answers import Answer
from local.host.durable.events import Event, Kind
from local.host.durable.rewind import rewound
from local.host.durable.turn import Turn, apply, begin

RECORDS = Path(__file__).parents[1] / "records"
FILES = ("host/turns.jsonl", "host/waits.jsonl", "entities/turns.jsonl")
VOLATILE = ("id", "parentExecution", "Timestamp", "Predecessor", "requestTime")  # of a request to an entity
FIXED = events.moment("2026-01-01T00:00:00Z")
Recorded = dict[str, Any]


def recorded_turns() -> list[Recorded]:
    """Every recorded turn of an orchestrator."""
    lines = [line for name in FILES for line in (RECORDS / name).read_text(encoding="utf-8").splitlines()]
    return [turn for turn in map(json.loads, lines) if "orchestrator" in turn]


def executions() -> list[list[Recorded]]:
    """The recorded turns of each execution, in order."""
    found: dict[str, list[Recorded]] = {}
    for turn in recorded_turns():
        start = next(e for e in turn["context"]["history"] if e["EventType"] == Kind.EXECUTION_STARTED)
        found.setdefault(start["OrchestrationInstance"]["ExecutionId"], []).append(turn)
    return list(found.values())


def label(turns: list[Recorded]) -> str:
    """A test id that says what was recorded."""
    return f"{turns[0]['orchestrator']}-{len(turns)}"


def split(turn: Recorded) -> tuple[list[Event], Event, list[Event]]:
    """Return the history before a turn, the event that begins the turn, and the events that arrived with it."""
    history = turn["context"]["history"]
    last = max(i for i, e in enumerate(history) if e["EventType"] == Kind.TURN_STARTED)
    return history[:last], history[last], history[last + 1 :]


def begun(recorded: Recorded) -> Turn:
    """Begin a recorded turn with this host's code."""
    before, started, arrived = split(recorded)
    turn = begin([{**e, "IsPlayed": False} for e in before], arrived, events.moment(started["Timestamp"]))
    assert turn is not None
    return turn


def answered(recorded: Recorded) -> Answer | None:
    """Return the recorded answer, or None if the record is cut so short that it cannot be parsed."""
    if "returned" in recorded:
        return answers.returned(json.dumps(recorded["returned"]))
    if answers.STATE_MARK in recorded["raised"]:
        return answers.raised(recorded["raised"])
    return None


def comparable(history: list[Event]) -> list[Event]:
    """Return a history without the times and the ids of requests, which differ from run to run."""
    return [{**e, "Timestamp": "", **({"FireAt": ""} if "FireAt" in e else {}), **request_of(e)} for e in history]


def request_of(event: Event) -> Event:
    """Return what an event that was sent to an entity asks for."""
    if event["EventType"] != Kind.EVENT_SENT:
        return {}
    return {"Input": {k: "" if k in VOLATILE else v for k, v in json.loads(event["Input"]).items()}}


@pytest.mark.parametrize("turns", executions(), ids=label)
def test_a_turn_hands_the_sdk_the_recorded_context(turns: list[Recorded]) -> None:
    """This host makes the Azure host's context from the history before a turn and the events that arrived."""
    for recorded in turns:
        ours, theirs = begun(recorded).context, recorded["context"]
        assert comparable(ours["history"]) == comparable(theirs["history"])
        assert {**ours, "history": 0} == {**theirs, "history": 0}


@pytest.mark.parametrize("turns", executions(), ids=label)
def test_a_turn_leaves_the_recorded_history(turns: list[Recorded]) -> None:
    """This host makes the Azure host's next history from the recorded answer, apart from ids and times."""
    for recorded, following in pairwise(turns):
        answer = answered(recorded)
        if answer is None:
            continue  # a failing turn, followed by a rewind: the next test
        before, _, _ = split(recorded)
        outcome = apply(begun(recorded), answer, FIXED, lambda: "new")
        expected, _, _ = split(following)
        assert unplayed([*before, *outcome.events]) == unplayed(expected)


def test_a_rewound_history_is_the_recorded_one() -> None:
    """A rewind makes of a failed history what the Azure host makes of it."""
    turns = next(t for t in executions() if label(t) == "fail_plain-4" or has_note(t))
    failed, again = next((a, b) for a, b in pairwise(turns) if has_note([b]) and not has_note([a]))
    before, _, _ = split(failed)
    outcome = apply(begun(failed), Answer(done=False, error="x", actions=CALL_FAIL), FIXED, lambda: "new")
    expected, _, arrived = split(again)
    assert unplayed(rewound([*before, *outcome.events])) == unplayed(expected)
    assert [e["Data"] for e in arrived] == ["retry"]


CALL_FAIL = [{"actionType": 0, "functionName": "fail", "input": '"x"'}]


def has_note(turns: list[Recorded]) -> bool:
    """Return whether the turns contain the event that only a rewind leaves."""
    return any(e["EventType"] == Kind.GENERIC for t in turns for e in t["context"]["history"])


def unplayed(history: list[Event]) -> list[Event]:
    """Return the history without the marks of played events, which are set when a context is made."""
    return [{**e, "IsPlayed": False} for e in comparable(history)]
