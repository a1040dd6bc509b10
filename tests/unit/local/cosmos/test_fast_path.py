"""The fast path for common bulk writes gives the same answers as the general path."""

from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from local.cosmos.charges import leaves
from local.cosmos.fast_path import FastPath
from local.cosmos.transaction import Transaction
from tests.contract.cosmos_emulator.clients import operation
from tests.unit.local.cosmos.emulating import Emulated

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
KEYS = st.sampled_from(["a", "é", 'quo"te', "back\\slash", "", 1, None, "x" * 300]) | TEXT
VALUES = st.integers(-9, 9) | TEXT | st.booleans() | st.none() | st.lists(st.integers(0, 9), max_size=2)
BODIES = st.dictionaries(st.sampled_from(["v", "w", "_ts", "_etag", "nested"]), VALUES, max_size=4)


@st.composite
def operations(draw: st.DrawFn) -> dict[str, Any]:
    """Return a bulk operation that mostly suits the fast path and is sometimes wrong."""
    kind = draw(st.sampled_from(["Upsert", "Upsert", "Create", "Read", "Delete"]))
    id_, key = draw(st.sampled_from(["x", "y", "a/b", "", "z" * 300])), draw(KEYS)
    body = {**draw(BODIES), "id": id_, "pk": draw(st.sampled_from([key, key, key, "other"]))}
    more: dict[str, Any] = draw(st.sampled_from([{}, {}, {"ifMatch": '"old"'}, {"minimalReturnPreference": True}]))
    return operation(kind, key, body, id=id_, **more)


def answers(batches: list[list[dict[str, Any]]], *, fast: bool) -> tuple[list[Any], Any]:
    """Return the results of some bulk requests, and the documents and counts after them."""
    emulated = Emulated(throughput=600)
    emulated.container.count_terms = emulated.container.count_terms if fast else lambda body: _general(body)
    results = []
    for batch in batches:
        emulated.now += 0.3
        response = emulated.bulk(orjson.loads(orjson.dumps(batch)))
        results.append((response.status, response.headers["x-ms-request-charge"], orjson.loads(response.body)))
    return results, (emulated.documents(), dict(emulated.container.counts), emulated.container.partitions[0].size)


def _general(body: Any) -> int:
    """Count terms by the default policy, as a function that the fast path does not recognise as that policy."""
    return leaves(body)


@settings(max_examples=60)
@given(st.lists(st.lists(operations(), min_size=1, max_size=12), max_size=4))
def test_both_ways_answer_the_same(batches: list[list[dict[str, Any]]]) -> None:
    """Both paths give the same status, charge, ETag and body, and leave the same documents and counts."""
    assert answers(batches, fast=True) == answers(batches, fast=False)


def test_common_writes_take_the_straight_way() -> None:
    """The fast path writes a flat document under a plain key, and refuses a nested or conditional one."""
    emulated = Emulated()
    tx = Transaction(emulated.emulator.account, emulated.container, 0)
    lane = FastPath(tx, emulated.container.partitions[0], minimal=True)
    assert lane.write(operation("Upsert", "a", {"id": "1", "pk": "a", "v": 1})) is not None
    assert lane.write(operation("Upsert", "a", {"id": "1", "pk": "a", "v": [1]})) is None
    assert lane.write(operation("Upsert", "a", {"id": "1", "pk": "a"}, ifMatch="x")) is None
