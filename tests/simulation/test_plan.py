"""Runs that wait for the approval of their plan while everything else goes on, raced by a cancel and by their end."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from outlast import durable
from outlast.http.approve_run import ApproveRun
from outlast.http.problem import answering
from outlast.runs.launcher import Launcher
from outlast.runs.reconcile import STUCK
from outlast.runs.record import ENDED, RunRecord
from tests.fakes.http import ask
from tests.simulation.asking import AskingWorld
from tests.simulation.engine import DIED, TIMED_OUT
from tests.simulation.length import LONG_STRIDE, boundaries, seeds
from tests.simulation.mixes import MIXES
from tests.simulation.world import Faults, Job, World

JOBS = {
    "a snapshot": [Job("a", rows=2, plans=0.5)],
    "an upsert": [Job("b", "sales", 2, plans=0.5)],
    "two at once": [Job("c", "sales", 2, plans=0.5), Job("d", rows=2, plans=0.5)],
}
SHORT = [Job("e", "sales", 2, plans=0.01)]
"""A plan that expires after a quarter of an hour."""
LEAST_BOUNDARIES = 120
SEEDS = 14


class PlanningWorld(AskingWorld):
    """Somebody approves each planned run, again and again, and `cancels` says whether somebody cancels it at the same
    time. With `approves` False nobody does, and each run expires."""

    def __init__(
        self,
        seed: int,
        faults: Faults,
        jobs: list[Job],
        *,
        kill_at: int | None = None,
        approves: bool = True,
        cancels: bool = False,
    ) -> None:
        super().__init__(seed, faults, jobs, kill_at)
        self.approves, self.cancels = approves, cancels
        self.approving = ApproveRun(self.runs, Launcher(5.0), self.scheduler.utc)

    async def _pass_time(self) -> None:
        for record in self._planned():
            held = [d for name in ("sales", "stock") for d in self.database.documents(name) if "id" in d]
            own = [d for d in held if d.get("snapshot_run") == record.id or "snapshot_run" not in d]
            assert not own or len(self.jobs) > 1, "something was written before the approval"
        await super()._pass_time()

    def _may_ask(self) -> bool:
        return self.approves and bool(self._planned())

    def _planned(self) -> list[RunRecord]:
        return [record for record in self.runs.all() if record.status.state == "planned"]

    async def _ask(self) -> None:
        """Approve, now and then twice at once, and beside it cancel."""
        runs = [record.id for record in self._planned()]
        doubles = runs if self.scheduler.chance("approved twice at once", 0.3) else []
        cancels = runs if self.cancels and self.scheduler.chance("cancelled beside", 0.5) else []
        await asyncio.gather(*map(self._approve, [*runs, *doubles]), *map(self._cancel, cancels))

    async def _approve(self, run: str) -> None:
        try:
            response = await answering(self.approving.approve_run)(ask("approve", run=run), self.client)
        except Exception:  # noqa: BLE001  # the host answers 500, and the caller asks again
            return
        assert response.status_code in (200, 202, 409, 503), response.get_body()

    def check_end(self) -> None:
        """Each run has all its rows or none, never waits for a seat that it holds, and was never taken for dead."""
        assert not [reason for _, reason in self.engine.terminated if reason == STUCK]
        records = {record.id: record for record in self.runs.all()}
        for job in self.jobs:
            state = records[job.run].status.state
            own = [d for d in self.database.documents(job.report) if d.get("snapshot_run", job.run) == job.run]
            ids = sorted(d.get("snapshot_id", d["id"]) for d in own if "snapshot_header" not in d)
            assert state in ENDED
            assert ids in ((job.ids, []) if state == "completed" or job.report == "sales" else ([],))
            right = ("completed", "cancelled") if self.approves else ("expired",)
            assert state in right or _is_spent(records[job.run]), records[job.run]


def _is_spent(record: RunRecord) -> bool:
    """Return whether the run has failed because every attempt was used up, or every call of a step."""
    text = (record.result.failure or {"text": ""})["text"]
    spent = record.status.attempt == record.last_attempt or text.startswith(("Transient: ", DIED, TIMED_OUT))
    return record.status.state == "failed" and spent


def simulate(seed: int, faults: Faults, jobs: list[Job], **more: Any) -> PlanningWorld:
    world = PlanningWorld(seed, faults, jobs, **more)
    asyncio.run(world.play())
    world.check_end()
    return world


def states(world: World) -> set[str]:
    return {record.status.state for record in world.runs.all()}


def test_the_host_may_die_at_every_boundary_of_an_approval() -> None:
    """Wherever the host dies, a planned run that is approved completes."""
    for boundary in boundaries(1, LONG_STRIDE):
        world = simulate(0, Faults(), JOBS["an upsert"], kill_at=boundary)
        assert states(world) == {"completed"}, f"killed at boundary {boundary}"
        if "KILLED" not in world.scheduler.trace:
            break
    assert boundary > LEAST_BOUNDARIES


@pytest.mark.parametrize("cancels", [False, True])
def test_every_planned_run_ends_right(cancels: bool) -> None:
    """Under every seed a planned run is stored as a whole or not at all, whatever is killed, lost, late or raced."""
    for seed in seeds(SEEDS):
        jobs = list(JOBS.values())[seed // len(MIXES) % len(JOBS)]
        try:
            simulate(seed, replace(MIXES[seed % len(MIXES)], ends=0.0), jobs, cancels=cancels)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error


@pytest.mark.parametrize("seed", range(len(MIXES)))
def test_a_plan_that_nobody_approves_expires(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that nobody approves waits in pieces, is never taken for dead, and expires with nothing written."""
    monkeypatch.setattr(durable, "LONGEST_WAIT", durable.LONGEST_TIMER)
    world = simulate(seed, replace(MIXES[seed], ends=0.0), SHORT, approves=False)
    assert world.database.documents("sales") == []
