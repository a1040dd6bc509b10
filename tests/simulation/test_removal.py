"""Runs that are removed while everything else goes on: by a call that is repeated, by the timer beside it, and while
somebody else corrects and verifies them."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from outlast.errors import OutlastError
from outlast.http.correct_run import CorrectRun
from outlast.http.problem import answering
from outlast.http.remove_run import RemoveRun
from outlast.http.revise_run import Reviser
from outlast.http.verify_run import VerifyRun
from outlast.runs.launcher import Launcher
from outlast.runs.mirror_claims import MirrorClaims
from outlast.staging.corrections import Corrections
from outlast.staging.input import InputFiles
from outlast.staging.paths import STARTING
from outlast.staging.removal import RunRemover
from outlast.staging.retention import Days, Retention
from outlast.staging.unrecorded import OLD, UnrecordedBodies
from tests.fakes.http import ask
from tests.fakes.world import work_here
from tests.simulation.asking import AskingWorld
from tests.simulation.database import CoreAppDocuments
from tests.simulation.length import LONG_STRIDE, boundaries, seeds
from tests.simulation.mixes import MIXES
from tests.simulation.world import REPORTS, TIMER, Faults, Job

JOBS = {
    "completes": [Job("a", rows=3)],
    "is undone and mailed": [Job("b", rows=3, breaks=True)],
    "two at once": [Job("c", "sales", 3), Job("d", "sales", 3, (1,))],
}
LEAST_BOUNDARIES = 80
SEEDS = 28
CALM = [replace(mix, repeats=0.0, ends=0.0) for mix in MIXES]
"""Without calls that the host has given up and that go on writing, and without somebody who purges."""


class RemovingWorld(AskingWorld):
    """Somebody asks for the removal of each run again and again until it is gone; `timer` also fires the timer, with
    RETENTION_DAYS=0. `works`: beside it somebody else corrects and verifies the runs, a few times."""

    def __init__(
        self,
        seed: int,
        faults: Faults,
        jobs: list[Job],
        *,
        timer: bool = False,
        works: bool = False,
        kill_at: int | None = None,
    ) -> None:
        super().__init__(seed, faults, jobs, kill_at)
        self.timer = timer
        self.working = 6 if works else 0
        self.revised = False
        self.gone: set[str] = set()
        remover = RunRemover(self.staging)
        self.removing = RemoveRun(
            runs=self.runs,
            remover=remover,
            seats=self.admission.seats,
            claims=MirrorClaims(CoreAppDocuments(self.database), self.runs, self.scheduler.utc),
            deadlines=self.deadlines,
        )
        days = Days(files=0, record=90, now=self.scheduler.utc)
        kept = Days(files=14, record=90, now=self.scheduler.utc)
        reviser = Reviser(runs=self.runs, launcher=Launcher(5.0), days=kept, owner="")
        self.verifying = VerifyRun(runs=self.runs, reports=REPORTS, snapshots=self.snapshots, reviser=reviser)
        corrections = Corrections(InputFiles(self.staging, self.staging))
        self.correcting = CorrectRun(runs=self.runs, corrections=corrections, reviser=reviser, in_thread=work_here)
        self.unrecorded = UnrecordedBodies(
            runs=self.runs,
            staging=self.staging,
            now=lambda: self.scheduler.utc() + OLD,
            deadlines=self.deadlines,
        )
        self.retention = Retention(runs=self.runs, remover=remover, days=days, owner="", deadlines=self.deadlines)

    async def _ask(self) -> None:
        """One round: a removal of each run that was accepted, and beside it the timer. Nothing of the round before goes
        on, so what it has staged is old."""
        with suppress(OutlastError):  # the host logs it
            await self.unrecorded.remove_unrecorded(TIMER)
        left = [self._remove(job.run) for job in self.jobs if job.key in self.accepted and job.run not in self.gone]
        work = [self._work_on(job.run) for job in self.jobs] if self.working else []
        self.working -= bool(work)
        await asyncio.gather(*left, *work, *([self._fire()] if self.timer else []))

    async def _work_on(self, run: str) -> None:
        body = b"row,id,shop,amount,copies\n3,s0001,shop1,5,1\n"
        with suppress(Exception):  # the host answers 500
            await answering(self.verifying.verify_run)(ask("v", params={"level": "counts"}, run=run), self.client)
            await answering(self.correcting.correct_run)(ask("c", body, "text/csv", run=run), self.client)
        self.revised = self.revised or any(record.status.revision for record in self.runs.all())

    async def _remove(self, run: str) -> None:
        with suppress(Exception):  # the host answers 500, and the caller asks again
            await answering(self.removing.remove_run)(ask("remove", run=run), self.client)
        if run not in {record.id for record in self.runs.all()}:
            self.gone.add(run)

    async def _fire(self) -> None:
        with suppress(OutlastError):  # the host logs it
            await self.retention.remove_ended_runs(TIMER, self.client)

    def _over(self) -> bool:
        marks = [path for path in self.staging.files if path.startswith(f"{STARTING}/")]
        return super()._over() and self.gone == {job.run for job in self.jobs} and not marks

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
    for boundary in boundaries(2, LONG_STRIDE):
        world = simulate(0, Faults(), JOBS[story], timer=True, kill_at=boundary)
        if "KILLED" not in world.scheduler.trace:
            break
    assert boundary > LEAST_BOUNDARIES


@pytest.mark.parametrize("beside", [{}, {"timer": True}, {"works": True}])
def test_every_removal_ends_right(beside: dict[str, bool]) -> None:
    """Under every seed nothing is left of a run, whatever is killed, lost or late, or worked on again beside it."""
    revised = False
    for seed in seeds(SEEDS):
        jobs = list(JOBS.values())[seed // len(CALM) % len(JOBS)]
        try:
            revised |= simulate(seed, CALM[seed % len(CALM)], jobs, **beside).revised
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error
    assert revised == ("works" in beside)
