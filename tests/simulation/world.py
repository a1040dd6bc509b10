"""Start, lanes, store, publish, compensate and sweep in one process, under a seed."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

import azure.functions as func

from activities.advance_run import AdvanceRun
from activities.generate_report import GenerateReport
from activities.publish_report import PublishReport
from activities.read_data_from_db import ReadDataFromDb
from activities.read_input_file import ReadInputFile
from activities.remove_generation import RemoveGeneration
from activities.send_email import SendEmail
from activities.store_data_to_db import StoreDataToDb
from activities.undo_report import UndoReport
from outlast.cosmos.bulk.rate_controller import RateControllers
from outlast.cosmos.bulk.writer import Writer
from outlast.cosmos.snapshots.expired import ExpiredGenerations
from outlast.deadline import Deadlines
from outlast.durable import activity
from outlast.http.cancel_run import CancelRun
from outlast.http.problem import answering
from outlast.http.start_once import StartOnce
from outlast.http.start_report import NewRuns, StartReport
from outlast.models import MOST_ATTEMPTS
from outlast.runs.fence import Gate
from outlast.runs.ids import run_of_key
from outlast.runs.launcher import Launcher
from outlast.runs.record import ENDED, RunRecord
from outlast.runs.sweep import SweepRuns
from outlast.staging.input import InputFiles
from tests.fakes.cosmos import FakeCosmos
from tests.fakes.http import ask
from tests.fakes.reports import WITH_SNAPSHOT, make_csv
from tests.fakes.world import STORIES, work_here
from tests.simulation.database import CoreRuns, CoreSnapshots, CoreTransport, Database
from tests.simulation.engine import DIED, TIMED_OUT, Engine
from tests.simulation.invariants import Invariants
from tests.simulation.places import Client, MemoryStaging, Post
from tests.simulation.scheduler import Scheduler

LIMIT = 20.0
"""functionTimeout."""
GRACE = 100.0
TIMER = cast(func.TimerRequest, None)
PATIENCE = 60_000
"""Steps in which everything must have come to its end."""


@dataclass(frozen=True, slots=True)
class Faults:
    """The chance of each at its boundaries."""

    kills: float = 0.0
    deaths: float = 0.0
    repeats: float = 0.0
    losses: float = 0.0
    busy: float = 0.0
    mail: float = 0.0
    ends: float = 0.0


@dataclass(frozen=True, slots=True)
class Job:
    """A run that somebody posts, again and again until it is answered 202. `bad`: rows that cannot be read; `breaks`:
    publishing it fails for good, with everything stored."""

    key: str
    report: str = "stock"
    rows: int = 6
    bad: tuple[int, ...] = ()
    breaks: bool = False

    @property
    def run(self) -> str:
        return run_of_key(self.report, self.key)

    @property
    def body(self) -> bytes:
        return make_csv(self.rows, bad=self.bad)

    @property
    def ids(self) -> list[str]:
        return sorted(f"s{n:04}.0" for n in range(self.rows))


class World:
    def __init__(
        self,
        seed: int,
        faults: Faults,
        jobs: list[Job],
        kill_at: int | None = None,
        forget: Callable[[int], bool] = lambda number: False,
    ) -> None:
        self.faults, self.jobs = faults, jobs
        self.disturbed = faults != Faults() or kill_at is not None
        self.scheduler = Scheduler(seed, faults.kills, kill_at, forget)
        self.database = Database(self.scheduler, faults.losses, faults.busy)
        self.database.create({"runs": "/id", "sales": "/shop", "stock": "/shop"})
        self.staging = MemoryStaging(self.scheduler)
        self.post = Post(self.scheduler, faults.mail, faults.mail)
        self.runs, self.snapshots = CoreRuns(self.database), CoreSnapshots(self.database)
        self.deadlines = Deadlines(LIMIT, self.scheduler.clock)
        self.engine = Engine(self.scheduler, dict(STORIES), self._steps(), LIMIT, faults.deaths, faults.repeats)
        self.client = Client(self.engine)
        rows = {job.run: job.rows for job in jobs}
        self.invariants = Invariants(self.scheduler, self.database, self.runs, self.post, rows, GRACE)
        self.accepted: set[str] = set()
        self.posting: set[str] = set()
        self.ended: set[str] = set()
        self.swept = self.scheduler.now

    def _steps(self) -> dict[str, Any]:
        files, clock = InputFiles(self.staging, self.staging), self.scheduler.clock
        reports, runs, staging, deadlines = WITH_SNAPSHOT, self.runs, self.staging, self.deadlines
        gate = Gate(runs, deadlines)
        writer = Writer(
            transport=CoreTransport(self.database),
            clock=clock,
            sleep=self.scheduler.sleep,
            jitter=lambda: 0.5,
            controllers=RateControllers(clock),
        )
        snapshots, cosmos = self.snapshots, FakeCosmos()
        steps = (
            AdvanceRun(runs).advance_run,
            ReadInputFile(gate, staging, files, work_here).read_input_file,
            ReadDataFromDb(reports, gate, staging, cosmos).read_data_from_db,
            GenerateReport(reports, gate, files, work_here).generate_report,
            StoreDataToDb(reports, gate, files, writer).store_data_to_db,
            PublishReport(reports, gate, files, snapshots, self.scheduler.utc).publish_report,
            UndoReport(reports, runs, snapshots, deadlines).undo_report,
            RemoveGeneration(reports, snapshots, deadlines).remove_generation,
            SendEmail(runs, self.post).send_email,
        )
        registered = {step.__name__: activity(step, 3600.0) for step in steps}
        return {**registered, "publish_report": self._breaking(registered["publish_report"])}

    def _breaking(self, publish_report: Any) -> Any:
        broken = {job.run for job in self.jobs if job.breaks}

        async def publishing(given: Any) -> Any:
            return {"permanent": "it does not add up"} if given["run"] in broken else await publish_report(given)

        return publishing

    async def play(self) -> None:
        """Until every run has come to its end and nothing is pending."""
        try:
            for _ in range(PATIENCE):
                await self._step()
                if self._over():
                    return
            raise AssertionError(f"seed {self.scheduler.seed}: no end; {[r.to_document() for r in self.runs.all()]}")
        finally:
            await self.scheduler.drop()

    async def _step(self) -> None:
        self._post()
        self.engine.dispatch()
        await self.scheduler.settle()
        if self.scheduler.dies():
            await self._die()
        self._meddle()
        if not self.scheduler.choose():
            await self._pass_time()
        await self.scheduler.settle()
        self.invariants.check()

    async def _die(self) -> None:
        self.scheduler.trace.append("KILLED")
        self.scheduler.passed += 1
        await self.scheduler.drop()
        self.engine.forget_what_ran()
        self.posting.clear()

    def _post(self) -> None:
        for job in self.jobs:
            if job.key not in self.accepted | self.posting:
                self.posting.add(job.key)
                self.scheduler.spawn(self._start(job))

    async def _start(self, job: Job) -> None:
        start_once = StartOnce(self.runs, self.staging, Launcher(5.0), self.scheduler.sleep)
        new_runs = NewRuns(2, self.scheduler.utc, lambda: "")
        start = StartReport(
            WITH_SNAPSHOT, None, new_runs, start_once, CoreTransport(self.database).throughput
        ).start_report
        headers = {"Idempotency-Key": job.key}
        request = ask(f"reports/{job.report}", job.body, "text/csv", None, headers, report=job.report)
        try:
            response = await answering(start)(request, self.client)
            if response.status_code == 202:
                self.accepted.add(job.key)
        except Exception:  # noqa: BLE001  # no answer: the caller posts again
            await self.scheduler.sleep(1)
        self.posting.discard(job.key)

    def _meddle(self) -> None:
        """Somebody ends a run from outside: cancelled, terminated or purged."""
        for job in self.jobs:
            if job.key in self.ended or not self.scheduler.chance("ended from outside", self.faults.ends):
                continue
            instance = self.engine.instances.get(job.run)
            if instance is None:
                continue
            self.ended.add(job.key)
            way = self.scheduler.dice.choice(["cancel", "terminate", "purge"])
            self.scheduler.fired[way] += 1
            if way == "cancel":
                self.scheduler.spawn(self._cancel(job.run))
                continue
            self.engine.terminate(job.run, "enough")
            if way == "purge":
                del self.engine.instances[job.run]

    async def _cancel(self, run: str) -> None:
        try:
            await answering(CancelRun(self.runs).cancel_run)(ask("cancel", run=run))
        except Exception:  # noqa: BLE001  # its caller got no answer
            return

    async def _pass_time(self) -> None:
        """To the next timer, or to the next minute, when the sweep fires; sometimes twice at once."""
        minute = self.swept + timedelta(minutes=1)
        due = self.engine.next_due()
        self.scheduler.advance(min(minute, due) if due else minute)
        if self.scheduler.now >= minute:
            self.swept = self.scheduler.now
            expired = ExpiredGenerations(WITH_SNAPSHOT, self.snapshots, GRACE, self.scheduler.utc)
            sweep = SweepRuns(self.runs, Launcher(5.0), expired, self.scheduler.utc, LIMIT)
            for _ in range(2 if self.scheduler.chance("two sweeps at once", 0.2) else 1):
                self.scheduler.spawn(self._sweep(sweep))

    async def _sweep(self, sweep: SweepRuns) -> None:
        await sweep.sweep_runs(TIMER, self.client)

    def _over(self) -> bool:
        if self.scheduler.waiting or self.scheduler.tasks or self.engine.items or len(self.accepted) < len(self.jobs):
            return False
        return all(record.status.state in ENDED and not record.status.pending for record in self.runs.all())

    # ---- what must hold -----------------------------------------------------------------------------------------

    def check_end(self) -> None:
        """Every row once, or none; one mail per failed run; the newest completed run is current."""
        records = {record.id: record for record in self.runs.all()}
        assert set(records) == {job.run for job in self.jobs}
        for job in self.jobs:
            self._check_run(job, records[job.run])
        published = [
            (r.request.accepted, r.id)
            for r in records.values()
            if r.status.state == "completed" and r.request.mode == "snapshot"
        ]
        headers = [d["snapshot_header"]["run"] for d in self.database.documents("stock") if d["id"] == "current:stock"]
        assert headers == ([max(published)[1]] if published else [])

    def _check_run(self, job: Job, record: RunRecord) -> None:
        emails = [email for email in self.post.emails if record.id in email.subject]
        assert (record.status.state == "failed") == bool(emails), (record.status.state, len(emails))
        assert len({email.key for email in emails}) <= 1
        assert len(emails) <= 1 or self.disturbed, "two mails, and no answer was lost"
        own = [d for d in self.database.documents(job.report) if d.get("snapshot_run", record.id) == record.id]
        ids = sorted(d.get("snapshot_id", d["id"]) for d in own if "snapshot_header" not in d)
        if record.status.state == "failed":
            assert self._may_fail(job, record), f"attempt {record.status.attempt} failed: {record.result.failure}"
        if record.status.state == "completed":
            receipt = record.result.receipt or {}
            counts = receipt["rows_read"], receipt["rows_stored"], receipt["rows_rejected"]
            assert counts == (job.rows, job.rows, 0)
            assert ids in (job.ids, []) if job.report == "stock" else ids == job.ids
        elif job.report == "stock":
            assert ids == [], f"{record.status.state} and left {ids}"

    def _may_fail(self, job: Job, record: RunRecord) -> bool:
        """Only by its own fault, by somebody's will, or when every attempt was used up."""
        text = (record.result.failure or {"text": ""})["text"]
        spent = record.status.attempt == MOST_ATTEMPTS or text.startswith(("Transient: ", DIED, TIMED_OUT))
        return bool(job.bad or job.breaks or job.key in self.ended or spent)


def simulate(seed: int, faults: Faults, jobs: list[Job], **disturbing: Any) -> World:
    """One whole life; raises where an invariant does not hold. `disturbing`: kill_at, forget."""
    world = World(seed, faults, jobs, **disturbing)
    asyncio.run(world.play())
    world.check_end()
    return world
