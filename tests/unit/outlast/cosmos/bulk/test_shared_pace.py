from collections.abc import Iterable
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from outlast.cosmos.bulk.number_file import NumberFile
from outlast.cosmos.bulk.rate_controller import MAX_OPERATIONS, RateController
from outlast.cosmos.bulk.shared_rate_controller import SharedRateController
from tests.unit.outlast.cosmos.bulk.simulated_range import Range

RATES = st.sampled_from([400, 1000, 2000, 5000, 10_000])
SEEDS = st.integers(0, 1000)
LAST = 12
"""Whole seconds of a simulation. From the third on the range is measured."""


def simulated(rate: int, seed: int) -> Range:
    return Range(lambda _: rate, random=Random(seed))


def shared(one: Range, folder: str, workers: int = 2) -> RateController:
    return SharedRateController(lambda: one.now, sharers=workers, file=NumberFile(Path(folder) / "n"))


def used(one: Range, writers: Iterable[int | None] = (None,), since: int = 2) -> float:
    """Request units a second of these writers, of all without any."""
    return sum(one.used(second, writer) for writer in writers for second in range(since, LAST)) / (LAST - since)


@settings(max_examples=12, deadline=None)
@given(RATES, SEEDS, SEEDS)
def test_two_workers_pace_as_one_does(rate: int, seed: int, other: int) -> None:
    """Two workers that share a state use the range as one with the same lanes, send about as many requests, are
    throttled no more, but for one batch at the very first, and each has its part."""
    alone, both = simulated(rate, other), simulated(rate, seed)
    own = RateController(lambda: alone.now)
    with TemporaryDirectory() as folder:
        for worker in (0, 1):
            alone.join(0, controller=own)
            both.join(worker, controller=shared(both, folder))
        begun = [first_second(each) for each in (alone, both)]
        for each in (alone, both):
            each.run(LAST)
    assert begun[1] <= begun[0] + MAX_OPERATIONS
    assert used(both) >= 0.99 * used(alone)
    assert both.throttled - begun[1] <= 1.15 * (alone.throttled - begun[0]) + 3
    assert both.sends <= 1.1 * alone.sends
    assert min(used(both, [worker]) for worker in (0, 1)) >= used(both) / 3


@settings(max_examples=12, deadline=None)
@given(RATES, SEEDS, st.floats(0.0, 4.0))
def test_a_worker_that_dies_costs_nothing(rate: int, seed: int, at: float) -> None:
    """A worker that dies at any instant, with requests in flight, leaves the whole range to the other, and the worker
    that takes its place has its part."""
    one = simulated(rate, seed)
    with TemporaryDirectory() as folder:
        for worker in (0, 1):
            one.join(worker, controller=shared(one, folder))
        one.kill(0, at)
        one.join(2, 5.0, shared(one, folder))
        one.run(LAST + 1)
    assert min(one.used(second) for second in range(1, LAST)) >= 0.99 * rate
    assert min(used(one, [worker], 6) for worker in (1, 2)) >= used(one, since=6) / 3


def test_workers_that_die_take_no_room() -> None:
    """However many workers die in a range that is never throttled, a live one has as much in flight as without them."""
    served = []
    for deaths in ((), (0.05, 0.1, 0.2)):
        one = simulated(10**9, 1)
        with TemporaryDirectory() as folder:
            one.join(0, controller=shared(one, folder))
            for worker, at in enumerate(deaths, 1):
                one.join(worker, controller=shared(one, folder))
                one.kill(worker, at)
            one.run(1.0)
        served.append(one.served[0][1001])
    assert served[1] >= 0.95 * served[0]


def first_second(one: Range) -> int:
    """Run for a second; return how many operations were throttled."""
    one.run(1.0)
    return one.throttled
