"""Runs that fail and are redriven while everything else goes on: by calls that are repeated, and raced by a cancel."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from outlast.http.problem import answering
from outlast.http.redrive_run import RedriveChecks, RedriveRun
from outlast.runs.launcher import Launcher
from outlast.runs.record import RunRecord
from outlast.staging.retention import Days
from tests.fakes.http import ask
from tests.fakes.reports import WITH_SNAPSHOT
from tests.simulation.asking import AskingWorld
from tests.simulation.database import CoreTransport
from tests.simulation.length import LONG_STRIDE, boundaries, seeds
from tests.simulation.mixes import MIXES
from tests.simulation.world import LIMIT, Faults, Job

JOBS = {
    "a snapshot": [Job("a", rows=2, breaks=True)],
    "an upsert": [Job("b", "sales", 2, breaks=True)],
    "two at once": [Job("c", "sales", 4, breaks=True), Job("d", rows=2, breaks=True)],
}
LEAST_BOUNDARIES = 100
SEEDS = 14
MOST_CANCELS = 2


class RedrivingWorld(AskingWorld):
    """A run whose job breaks fails once, and somebody asks for its redrive again and again until it is completed.
    `cancels`: beside it somebody else cancels, twice at most."""

    def __init__(
        self, seed: int, faults: Faults, jobs: list[Job], *, kill_at: int | None = None, cancels: bool = False
    ) -> None:
        super().__init__(seed, faults, jobs, kill_at)
        self.cancels = MOST_CANCELS if cancels else 0
        checks = RedriveChecks(
            reports=WITH_SNAPSHOT,
            throughput=CoreTransport(self.database).throughput,
            days=Days(files=14, record=90, now=self.scheduler.utc),
            timeout=LIMIT,
        )
        self.redriving = RedriveRun(runs=self.runs, launcher=Launcher(5.0), checks=checks, owner="")

    def _breaking(self, publish_report: Any) -> Any:
        async def publishing(given: Any) -> Any:
            [record] = [one for one in self.runs.all() if one.id == given["run"]]
            broken = any(job.run == record.id and job.breaks for job in self.jobs) and record.status.redriven is None
            return {"permanent": "it does not add up"} if broken else await publish_report(given)

        return publishing

    async def _ask(self) -> None:
        """One round: a redrive of each run that was accepted, now and then two at once, and beside it a cancel."""
        runs = [job.run for job in self.jobs if job.key in self.accepted]
        doubles = runs if self.scheduler.chance("redriven twice at once", 0.3) else []
        cancels = runs if self.cancels and self.scheduler.chance("cancelled beside", 0.3) else []
        self.cancels -= bool(cancels)
        work = [*map(self._redrive, [*runs, *doubles]), *map(self._cancel, cancels)]
        await asyncio.gather(*work)

    async def _redrive(self, run: str) -> None:
        try:
            response = await answering(self.redriving.redrive_run)(ask("redrive", run=run), self.client)
        except Exception:  # noqa: BLE001  # the host answers 500, and the caller asks again
            return
        young = response.status_code == 404 and self.scheduler.fired["stale read"]
        assert young or response.status_code in (202, 409, 503), response.get_body()

    def _over(self) -> bool:
        return super()._over() and {record.status.state for record in self.runs.all()} == {"completed"}

    def check_end(self) -> None:
        """Every run is completed with every row once, whatever it did before."""
        records = {record.id: record for record in self.runs.all()}
        for job in self.jobs:
            receipt = records[job.run].result.receipt or {}
            assert (receipt["rows_read"], receipt["rows_stored"]) == (job.rows, job.rows)
            own = [d for d in self.database.documents(job.report) if d.get("snapshot_run", job.run) == job.run]
            assert sorted(d.get("snapshot_id", d["id"]) for d in own if "snapshot_header" not in d) in (job.ids, [])


def simulate(seed: int, faults: Faults, jobs: list[Job], **more: Any) -> RedrivingWorld:
    world = RedrivingWorld(seed, faults, jobs, **more)
    asyncio.run(world.play())
    world.check_end()
    return world


def test_the_host_may_die_at_every_boundary_of_a_redrive() -> None:
    """Wherever the host dies, repeated redrives complete a run that has failed and was undone."""
    for boundary in boundaries(3, LONG_STRIDE):
        world = simulate(0, Faults(), JOBS["a snapshot"], kill_at=boundary)
        if "KILLED" not in world.scheduler.trace:
            break
    assert boundary > LEAST_BOUNDARIES


@pytest.mark.parametrize("cancels", [False, True])
def test_every_redrive_ends_right(cancels: bool) -> None:
    """Under every seed each failed or cancelled run is completed in the end, whatever is killed, lost or late."""
    for seed in seeds(SEEDS):
        faults = replace(MIXES[seed % len(MIXES)], ends=0.0)
        jobs = list(JOBS.values())[seed // len(MIXES) % len(JOBS)]
        try:
            simulate(seed, faults, jobs, cancels=cancels)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error


def test_marks_that_lie_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A planted fault: where the marks of an undone snapshot count on, its documents are missing in the end."""
    monkeypatch.setattr(RunRecord, "marks_folder", RunRecord.parts_folder)
    with pytest.raises(AssertionError, match="the current run is not whole"):
        simulate(0, Faults(), JOBS["a snapshot"])
