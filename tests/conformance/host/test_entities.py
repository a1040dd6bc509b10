"""Entities are compared with every exchange and every batch that was recorded with the Azure host."""

import json
from pathlib import Path
from typing import Any

import pytest

from local.host.durable import entities, events
from local.host.durable.entities import Entity
from local.host.durable.events import Event, Kind
from tests.conformance.host.recorded import ENTITIES, compare, drive, numbered, probe_host

SCENARIOS = sorted(json.loads((ENTITIES / "exchanges.json").read_text(encoding="utf-8")))
SLOW = [["client_signals"], ["rest_of_entities"]]
CUT = "characters)"  # the end of a string that the record has not whole
CUT_STATE = '…(100002 characters)"'
RECORD = (ENTITIES / "turns.jsonl").read_text(encoding="utf-8").replace(CUT_STATE, r'\""')  # a short state, but JSON
TURNS = [json.loads(line) for line in RECORD.splitlines()]
FIXED = events.moment("2026-01-01T00:00:00Z")
Recorded = dict[str, Any]


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return this host's exchanges of each scenario. Those that wait a lot are played side by side."""
    folder = tmp_path_factory.mktemp("entities")
    rest = [s for s in SCENARIOS if s not in {s for group in SLOW for s in group}]
    with probe_host(folder, ENTITIES) as host:
        return drive(host, folder, [*SLOW, rest], ENTITIES)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_entities_answer_as_recorded(scenario: str, answered: dict[str, Any], tmp_path: Path) -> None:
    """A scenario with entities gets from this host, after normalising, the answers that it got from the Azure host."""
    differences = compare(tmp_path, {scenario: numbered(answered[scenario])}, ENTITIES)
    assert not differences, differences


def batches() -> dict[str, list[Recorded]]:
    """The recorded batches of each entity, in order."""
    found: dict[str, list[Recorded]] = {}
    for turn in TURNS:
        if "entity" in turn:
            me = turn["context"]["self"]
            found.setdefault(entities.instance_of(me["name"], me["key"]), []).append(turn)
    return found


@pytest.mark.parametrize("instance", sorted(batches()))
def test_a_batch_hands_the_sdk_the_recorded_context(instance: str) -> None:
    """This host makes the Azure host's context from the requests and from what the batch before has returned."""
    stored: str | None = None
    for recorded in batches()[instance]:
        entity, requests = entities.read(instance, stored), asked(recorded)
        assert entities.context(entity, requests) == recorded["context"]
        answer = json.dumps(recorded["returned"]).encode()
        stored = entities.answered(entity, requests, answer, FIXED).entity.stored()


def test_a_call_gets_the_recorded_answer() -> None:
    """The answers that follow from the recorded batches are the events that the Azure host brought to the callers."""
    delivered = {e["Name"]: e["Input"] for turn in TURNS for e in raised(turn)}
    entity, compared = Entity(name="counter", key="x"), 0
    for recorded in (turn for found in batches().values() for turn in found):
        answer = json.dumps(recorded["returned"]).encode()
        for _, _, event in entities.answered(entity, asked(recorded), answer, FIXED).replies:
            if not delivered.get(event["Name"], CUT).endswith(CUT):
                assert event["Input"] == delivered[event["Name"]]
                compared += 1
    assert compared > 20


def asked(recorded: Recorded) -> list[Recorded]:
    """Return the requests of a recorded batch, as this host's messages hold them."""
    return [
        {"op": r["name"], "input": r["input"], "signal": r["isSignal"], "id": r["id"]}
        | ({} if r["isSignal"] else {"parent": "caller", "parentExecution": "x"})
        for r in recorded["context"]["batch"]
    ]


def raised(turn: Recorded) -> list[Event]:
    """Return the events that had reached an orchestrator by a recorded turn."""
    if "orchestrator" not in turn:
        return []
    return [e for e in turn["context"]["history"] if e["EventType"] == Kind.EVENT_RAISED]
