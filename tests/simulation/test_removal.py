"""Runs that are removed while everything else goes on: by a call that is repeated, and by the timer beside it."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from outlast.errors import OutlastError
from outlast.http.problem import answering
from outlast.http.remove_run import RemoveRun
from outlast.staging.removal import RunRemover
from outlast.staging.retention import Days, Retention
from tests.fakes.http import ask
from tests.simulation.length import boundaries
from tests.simulation.mixes import MIXES
from tests.simulation.world import TIMER, Faults, Job, World

JOBS = {
    "completes": [Job("a", rows=3)],
    "is undone and mailed": [Job("b", rows=3, breaks=True)],
    "two at once": [Job("c", "sales", 3), Job("d", "sales", 3, (1,))],
}
LEAST_BOUNDARIES = 80
SEEDS = 42
CALM = [replace(mix, repeats=0.0, ends=0.0) for mix in MIXES]
"""Without calls that the host has given up and that go on writing, and without somebody who purges."""


class RemovingWorld(World):
    """Somebody asks for the removal of each run again and again until it is gone; `timer` also fires the timer, with
    RETENTION_DAYS=0."""

    def __init__(self, seed: int, faults: Faults, jobs: list[Job], *, timer: bool, kill_at: int | None = None) -> None:
        super().__init__(seed, faults, jobs, kill_at)
        self.timer = timer
        self.gone: set[str] = set()
        self.asking = False
        remover = RunRemover(self.staging)
        self.removing = RemoveRun(runs=self.runs, remover=remover, seats=self.admission.seats, deadlines=self.deadlines)
        days = Days(files=0, record=90, now=self.scheduler.utc)
        self.retention = Retention(runs=self.runs, remover=remover, days=days, owner="", deadlines=self.deadlines)

    async def _pass_time(self) -> None:
        if not self.asking and self.accepted:
            self.asking = True
            self.scheduler.spawn(self._ask())
        await super()._pass_time()

    async def _die(self) -> None:
        await super()._die()
        self.asking = False

    async def _ask(self) -> None:
        """One round: a removal of each run that was accepted, and beside it the timer."""
        left = [self._remove(job.run) for job in self.jobs if job.key in self.accepted and job.run not in self.gone]
        await asyncio.gather(*left, *([self._fire()] if self.timer else []))
        self.asking = False

    async def _remove(self, run: str) -> None:
        with suppress(Exception):  # the host answers 500, and the caller asks again
            await answering(self.removing.remove_run)(ask("remove", run=run), self.client)
        if run not in {record.id for record in self.runs.all()}:
            self.gone.add(run)

    async def _fire(self) -> None:
        with suppress(OutlastError):  # the host logs it
            await self.retention.remove_ended_runs(TIMER, self.client)

    def _over(self) -> bool:
        return super()._over() and self.gone == {job.run for job in self.jobs}

    def check_end(self) -> None:
        """Nothing is left of any run but its documents."""
        assert (self.runs.all(), self.staging.files, self.engine.instances) == ([], {}, {})
        documents = self.database.documents("runs")
        seats = [one["members"]["seats"] for one in documents if one["id"].startswith("app:seats")]
        assert seats == [[]]


def simulate(seed: int, faults: Faults, jobs: list[Job], **more: Any) -> RemovingWorld:
    world = RemovingWorld(seed, faults, jobs, **more)
    asyncio.run(world.play())
    world.check_end()
    return world


@pytest.mark.parametrize("story", ["completes", "is undone and mailed"])
def test_the_host_may_die_at_every_boundary_of_a_removal(story: str) -> None:
    """Wherever the host dies, repeated removals leave nothing of a run."""
    for boundary in boundaries(2):
        world = simulate(0, Faults(), JOBS[story], timer=True, kill_at=boundary)
        if "KILLED" not in world.scheduler.trace:
            break
    assert boundary > LEAST_BOUNDARIES


@pytest.mark.parametrize("timer", [False, True])
def test_every_removal_ends_right(timer: bool) -> None:
    """Under every seed nothing is left of a run, whatever is killed, lost or late."""
    for seed in range(SEEDS):
        jobs = list(JOBS.values())[seed // len(CALM) % len(JOBS)]
        try:
            simulate(seed, CALM[seed % len(CALM)], jobs, timer=timer)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error
