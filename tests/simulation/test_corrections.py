"""Runs that are corrected and verified after their end, while everything else goes on: by calls that are repeated, and
raced by a cancel."""

import asyncio
import csv
import io
from contextlib import suppress
from dataclasses import replace
from itertools import count
from typing import Any

import azure.functions as func
import pytest

from outlast.http.correct_run import CorrectRun
from outlast.http.problem import answering
from outlast.http.redrive_run import RedriveChecks, RedriveRun
from outlast.http.revise_run import Reviser
from outlast.http.show_rejects import ShowRejects
from outlast.http.verify_run import VerifyRun
from outlast.runs.launcher import Launcher
from outlast.runs.record import RunRecord
from outlast.staging.corrections import Corrections
from outlast.staging.input import InputFiles
from outlast.staging.retention import Days
from tests.fakes.http import ask
from tests.fakes.world import work_here
from tests.simulation.asking import AskingWorld
from tests.simulation.database import CoreTransport
from tests.simulation.length import LONG_STRIDE, boundaries, seeds
from tests.simulation.mixes import MIXES
from tests.simulation.world import LIMIT, REPORTS, Faults, Job

JOBS = {
    "has failed": [Job("a", "sales", 3, (1,))],
    "tolerates its rejects": [Job("b", "sales", 3, (1,), tolerates=1)],
    "failed before its generation": [Job("c", rows=3, bad=(1,))],
    "is verified later": [Job("d", rows=3)],
    "creates": [Job("g", "new_sales", 3, (1,))],
    "two at once": [Job("e", "sales", 4, (0, 2)), Job("f", "sales", 4, (1,), tolerates=1)],
}
LEAST_BOUNDARIES = 80
SEEDS = 14
MOST_CANCELS = 2
CALM = [replace(mix, ends=0.0) for mix in MIXES]
"""Without somebody who purges."""


class CorrectingWorld(AskingWorld):
    """A person corrects each run that has rejects, verifies each run without, and redrives one that has failed, again
    and again until every run is completed. `cancels`: beside it somebody else cancels, twice at most."""

    def __init__(self, seed: int, faults: Faults, jobs: list[Job], *, cancels: bool = False, **more: Any) -> None:
        super().__init__(seed, faults, jobs, **more)
        self.cancels = MOST_CANCELS if cancels else 0
        days = Days(files=14, record=90, now=self.scheduler.utc)
        files, reviser = (
            InputFiles(self.staging, self.staging),
            Reviser(runs=self.runs, launcher=Launcher(5.0), days=days, owner=""),
        )
        corrections = Corrections(files)
        self.correcting = CorrectRun(
            runs=self.runs, corrections=corrections, reviser=reviser, in_thread=work_here
        ).correct_run
        self.verifying = VerifyRun(
            runs=self.runs, reports=REPORTS, snapshots=self.snapshots, reviser=reviser
        ).verify_run
        checks = RedriveChecks(
            reports=REPORTS, throughput=CoreTransport(self.database).throughput, days=days, timeout=LIMIT
        )
        self.redriving = RedriveRun(runs=self.runs, launcher=Launcher(5.0), checks=checks, owner="").redrive_run
        self.showing = ShowRejects(self.runs, files, self.scheduler.clock).show_rejects
        self.began = 0
        """The boundary at which the first run is worked on again."""
        self.answers: set[int] = set()

    async def _ask(self) -> None:
        """One round: each run that has ended and is not as it should be, now and then asked by two at once."""
        records = self.runs.all()
        waiting = [record for record in records if not record.open and not _is_done(record)]
        doubles = waiting if self.scheduler.chance("asked twice at once", 0.3) else []
        cancels = records if self.cancels and self.scheduler.chance("cancelled beside", 0.3) else []
        self.cancels -= bool(cancels)
        work = [*map(self._work_on, [*waiting, *doubles]), *(self._cancel(record.id) for record in cancels)]
        await asyncio.gather(*work)

    async def _work_on(self, record: RunRecord) -> None:
        self.began = self.began or self.scheduler.passed
        with suppress(Exception):  # the host answers 500, and the person tries again
            shown = await self.showing(ask("rejects", run=record.id))
            lines = list(csv.DictReader(io.StringIO(shown.get_body().decode(), newline="")))
            response = await self._asked(record, lines)
            self.answers.add(response.status_code)

    async def _asked(self, record: RunRecord, lines: list[dict[str, str]]) -> func.HttpResponse:
        state, run = record.status.state, record.id
        if state == "cancelled" or (state == "failed" and not lines):
            return await answering(self.redriving)(ask("redrive", run=run), self.client)
        if lines:
            return await answering(self.correcting)(ask("c", _corrected(lines), "text/csv", run=run), self.client)
        return await answering(self.verifying)(ask("v", params={"level": "content"}, run=run), self.client)

    def _over(self) -> bool:
        records = self.runs.all()
        return super()._over() and len(records) == len(self.jobs) and all(map(_is_done, records))

    def check_end(self) -> None:
        """Every row is stored once under its own run, and every document was found as it was staged."""
        for job in self.jobs:
            [record] = [one for one in self.runs.all() if one.id == job.run]
            receipt = record.result.receipt or {}
            assert (receipt["rows_read"], receipt["rows_stored"]) == (job.rows, job.rows)
            own = [d for d in self.database.documents(job.report) if d.get("snapshot_run", record.id) == record.id]
            ids = [d.get("snapshot_id", d["id"]) for d in own if "snapshot_header" not in d]
            assert set(job.ids) <= set(ids)
            assert len(ids) == len(set(ids))
            if "verified" in receipt:
                verified = receipt["verified"]
                assert verified["documents"] == job.rows
                assert verified["equal"] == job.rows or len(self.jobs) > 1, "the other run has replaced none"


def _is_done(record: RunRecord) -> bool:
    """Whether nothing is left to be asked of the run: it has no reject, and was worked on again."""
    receipt = record.result.receipt or {"rows_rejected": 1}
    return record.status.state == "completed" and not receipt["rows_rejected"] and bool(record.status.revision)


def _corrected(lines: list[dict[str, str]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(lines[0]))
    writer.writeheader()
    writer.writerows({**line, "amount": "5"} for line in lines)
    return text.getvalue().encode()


def simulate(seed: int, faults: Faults, jobs: list[Job], **more: Any) -> CorrectingWorld:
    world = CorrectingWorld(seed, faults, jobs, **more)
    asyncio.run(world.play())
    world.check_end()
    return world


@pytest.mark.parametrize(("story", "first"), [("has failed", 0), ("is verified later", 2), ("creates", 4)])
def test_the_host_may_die_at_every_boundary_of_a_correction(story: str, first: int) -> None:
    """Wherever the host dies, a run that is corrected or verified has every row once in the end."""
    began = simulate(0, Faults(), JOBS[story]).began
    for boundary in count(began + first % LONG_STRIDE, LONG_STRIDE):
        world = simulate(0, Faults(), JOBS[story], kill_at=boundary)
        if "KILLED" not in world.scheduler.trace:
            break
    assert boundary - began > LEAST_BOUNDARIES


@pytest.mark.parametrize("story", ["has failed", "is verified later"])
def test_the_answer_to_every_write_of_a_correction_may_be_lost(story: str) -> None:
    """The lost answer to any write changes nothing of what is stored in the end."""
    for write in boundaries(1, LONG_STRIDE):
        world = simulate(0, Faults(), JOBS[story], forget=write.__eq__)
        if not world.scheduler.fired["write's answer lost"]:
            break
    assert write > LEAST_BOUNDARIES // 4


@pytest.mark.parametrize("cancels", [False, True])
def test_every_correction_ends_right(cancels: bool) -> None:
    """Under every seed each run is completed with all its rows, whatever is killed, lost, late, cancelled or
    repeated."""
    answers: set[int] = set()
    for seed in seeds(SEEDS):
        jobs = list(JOBS.values())[seed % len(JOBS)]
        try:
            answers |= simulate(seed, CALM[seed % len(CALM)], jobs, cancels=cancels).answers
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error
    assert answers <= {202, 409, 503}
