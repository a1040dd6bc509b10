"""Outages of half an hour at random instants: of the database, of the storage, of the identity that opens both."""

from collections import Counter
from datetime import timedelta
from random import Random

import pytest

from outlast import durable
from tests.simulation.world import Faults, Job, World, simulate

PLACES = ("database", "storage", "identity")
SEEDS = 30
BLOCK = 10
LONGEST = 300
"""Boundaries of the shortest of these lives, about."""
JOBS = [Job("a", rows=5), Job("b", "sales", 5)]


def live_through(seed: int) -> World:
    """One life with an outage of one place, or now and then of all. Every run completes in its first attempt."""
    dice = Random(seed)
    places = PLACES if seed % 10 == 9 else (PLACES[seed % len(PLACES)],)
    begins = dice.randrange(LONGEST)
    world = simulate(seed, Faults(), JOBS, outages=dict.fromkeys(places, begins))
    states = {(record.status.state, record.status.attempt) for record in world.runs.all()}
    assert states == {("completed", 1)}, f"seed {seed}: {states}"
    assert world.post.emails == []
    return world


@pytest.mark.parametrize("first", range(0, SEEDS, BLOCK))
def test_an_outage_of_30_minutes_costs_no_run(first: int) -> None:
    """Whatever is gone whenever, every run is completed in its first attempt and sends no email."""
    fired = sum((live_through(seed).scheduler.fired for seed in range(first, first + BLOCK)), Counter[str]())
    assert all(fired[f"{place} is gone"] for place in PLACES), fired


def test_steps_that_give_up_sooner_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A planted fault: with the attempts of one policy alone, which take 75 seconds, an outage costs an attempt."""
    monkeypatch.setattr(durable, "OUTAGE", timedelta(0))
    with pytest.raises(AssertionError, match="seed 0: "):
        live_through(0)
