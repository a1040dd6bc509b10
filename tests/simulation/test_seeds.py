"""Simulations of a few runs, each under its own seed: whatever is killed, lost, late or repeated, each run ends
right."""

import time
from collections import Counter

import pytest

from activities import read_input_file, undo_report
from tests.simulation.mixes import simulate_seed
from tests.simulation.world import Faults, Job, simulate

SEEDS = 147  # each mix of faults with each list of jobs three times
BLOCK = 21


@pytest.mark.parametrize("first", range(0, SEEDS, BLOCK))
def test_every_story_ends_right(first: int) -> None:
    """Under every seed rows are there once or not at all, readers see whole reports, and each failed run sends its
    email."""
    for seed in range(first, first + BLOCK):
        try:
            simulate_seed(seed)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error


@pytest.mark.parametrize("seed", [3, 5, 11])
def test_the_same_seed_gives_the_same_trace(seed: int) -> None:
    """A repeated simulation of one seed has the same trace and the same emails."""
    first, second = simulate_seed(seed), simulate_seed(seed)
    assert first.scheduler.trace == second.scheduler.trace
    assert first.post.emails == second.post.emails


def test_a_repeated_post_is_the_same_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller that posts again sends the same bytes, however much later, or its key would be refused."""
    job = Job("e", packed=True)
    before = job.body
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 3600)
    assert job.body == before


def test_every_fault_strikes() -> None:
    """Every kind of fault fires in the simulations that mix all faults."""
    fired = sum((simulate_seed(seed).scheduler.fired for seed in range(5, 90, 6)), Counter[str]())
    assert all(fired.values()), fired
    assert len(fired) >= 12


def test_an_undo_that_does_not_wait_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The simulation finds documents that are left when the undo does not wait for an activity that was given up."""
    monkeypatch.setattr(undo_report, "SLACK_SECONDS", -20.0)
    monkeypatch.setattr(read_input_file, "SMALLEST", 60)

    def search() -> None:
        for seed in range(200):
            simulate(seed, Faults(repeats=0.1), [Job(key, rows=40, breaks=True, lanes=8) for key in "ab"])

    with pytest.raises(AssertionError, match="and left"):
        search()
