"""The request units that a partition serves in each second."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.cosmos.budget import Budget
from tests.contract.cosmos_emulator.clients import operation
from tests.unit.local.cosmos.emulating import Emulated

STEPS = st.lists(st.tuples(st.floats(0, 1.5), st.floats(0.5, 900)), max_size=80)


@given(STEPS, st.sampled_from([100.0, 400.0]))
def test_no_second_serves_more_than_one_operation_too_many(steps: list[tuple[float, float]], rate: float) -> None:
    """The charges of a second exceed the rate by at most its last operation."""
    budget, now = Budget(rate), 1000.0
    served: dict[int, list[float]] = {}
    for wait, charge in steps:
        now += wait
        if budget.wait_ms(now) == 0:
            budget.spend(charge)
            served.setdefault(int(now), []).append(charge)
    for charges in served.values():
        assert sum(charges[:-1]) < rate


@given(STEPS)
def test_waiting_as_told_is_enough(steps: list[tuple[float, float]]) -> None:
    """A throttled operation is served after the wait that it was given, and not much earlier."""
    budget, now = Budget(400.0), 1000.0
    for wait, charge in steps:
        now += wait
        told = budget.wait_ms(now)
        if told:
            assert told < 2 or budget.wait_ms(now + told / 1000 - 0.002) > 0
            now += told / 1000 + 1e-6
            assert budget.wait_ms(now) == 0
        budget.spend(charge)


def test_debt_is_paid_by_the_seconds_that_follow() -> None:
    """A charge of two and a half seconds closes the partition until the third second."""
    budget = Budget(400)
    assert budget.wait_ms(10.25) == 0
    budget.spend(1000)
    assert budget.wait_ms(10.25) == pytest.approx(1750)
    assert budget.wait_ms(11.9) == pytest.approx(100)
    assert budget.wait_ms(12.0) == 0


def served_by_second(emulated: Emulated) -> list[dict[int, float]]:
    """Return the request units that each partition served in each second."""
    return [dict(p.budget.history) for p in emulated.container.partitions]


@given(st.lists(st.tuples(st.floats(0, 0.4), st.integers(1, 60), st.sampled_from(["1", "0"])), max_size=25))
def test_every_partition_keeps_its_rate(steps: list[tuple[float, int, str]]) -> None:
    """Each partition serves in each second its part of the rate and at most one operation more."""
    emulated = Emulated(partitions=2, throughput=800)
    keys: dict[str, Any] = {"1": "a", "0": "d"}  # the hash of each key lies in this range
    for wait, count, range_id in steps:
        emulated.now += wait
        key = keys[range_id]
        emulated.bulk([operation("Upsert", key, {"id": str(at), "pk": key}) for at in range(count)], range_id)
    dearest = 2 * (4.95 + 0.4)
    for seconds in served_by_second(emulated):
        assert all(total <= 400 + dearest + 1e-6 for total in seconds.values())


def test_a_throttled_operation_changes_nothing() -> None:
    """Operations that get 429 write nothing, and all others are written."""
    emulated = Emulated()
    body = [operation("Create", "a", {"id": str(at), "pk": "a"}) for at in range(100)]
    results = orjson.loads(emulated.bulk(body).body)
    done = {str(at) for at, result in enumerate(results) if result["statusCode"] == 201}
    assert {id_ for _, id_ in emulated.documents()} == done
    assert 0 < len(done) < 100
