"""Start, lanes, store, publish, compensation and sweep in one process, decided by a seed."""

import asyncio
import gzip
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps
from typing import Any, cast

import azure.functions as func

from activities.advance_run import AdvanceRun
from activities.combine_groups import CombineGroups
from activities.delete_gone import DeleteGone
from activities.divide_groups import DivideGroups
from activities.finish_keys import FinishKeys
from activities.generate_report import GenerateReport
from activities.plan_report import PlanReport
from activities.publish_report import PublishReport
from activities.read_data_from_db import ReadDataFromDb
from activities.read_input_file import ReadInputFile
from activities.remove_generation import RemoveGeneration
from activities.resolve_keys import ResolveKeys
from activities.send_email import SendEmail
from activities.send_webhook import SendWebhook
from activities.store_data_to_db import StoreDataToDb
from activities.undo_report import UndoReport
from activities.verify_report import VerifyReport
from local.host.storage.store import FINISHED
from orchestrators.run_lane import STEPS
from outlast.chunks_in_turn import chunks_in_turn
from outlast.cosmos.bulk.rate_controller import RateControllers
from outlast.cosmos.bulk.writer import Writer
from outlast.cosmos.snapshots.expired import ExpiredGenerations
from outlast.cosmos.snapshots.removing import GenerationRemover
from outlast.deadline import SLOT_SECONDS, Deadlines
from outlast.durable import activity, activity_with_client
from outlast.errors import Transient
from outlast.generating.part_filler import PartFiller
from outlast.http.cancel_run import CancelRun
from outlast.http.problem import answering
from outlast.http.start_once import StartOnce
from outlast.http.start_report import NewRuns, RequestReader, StartChecks, StartReport
from outlast.links import Links
from outlast.models import MOST_ATTEMPTS
from outlast.planning.estimator import Estimator
from outlast.report import Report
from outlast.runs.admission import Admission
from outlast.runs.email_turns import EmailTurns
from outlast.runs.emails import Emails
from outlast.runs.fence import Gate
from outlast.runs.ids import run_of_key
from outlast.runs.launcher import Launcher
from outlast.runs.mirror_claims import MirrorClaims
from outlast.runs.patience import Patience
from outlast.runs.receipt import Receipts
from outlast.runs.record import ENDED, RunRecord
from outlast.runs.seats import Seats
from outlast.runs.sweep import SweepRuns
from outlast.staging.input import InputFiles
from outlast.staging.key_files import KeyFiles
from outlast.staging.mirrors import Mirrors
from outlast.staging.reject_files import RejectFiles
from outlast.staging.stopped_code import StoppedCode
from tests.fakes.app_documents import SECRET_OF_TESTS, secret_of_tests
from tests.fakes.compute import InlineCompute, InlineReading
from tests.fakes.cosmos import FakeCosmos
from tests.fakes.grouped_reports import Totals
from tests.fakes.http import ask
from tests.fakes.queries import FakeQueries
from tests.fakes.reports import ALL_REPORTS, HEADER, make_csv
from tests.fakes.world import STORIES, work_here
from tests.simulation.database import CoreAppDocuments, CoreRuns, CoreSnapshots, CoreThere, CoreTransport, Database
from tests.simulation.engine import DIED, TIMED_OUT, Engine
from tests.simulation.invariants import Expected, Invariants
from tests.simulation.places import Client, MemoryStaging, Post, Receiver
from tests.simulation.scheduler import START, Scheduler

REPORTS: Mapping[str, Report[Any]] = {**ALL_REPORTS, "totals": Totals()}
LIMIT = 20.0
"""functionTimeout in seconds."""
GRACE = 100.0
TIMER = cast(func.TimerRequest, None)
RESTARTED = 0.5
"""Of the runs with which somebody meddles after their end, those whose orchestration is started again."""
PATIENCE = 60_000
"""The number of steps after which a simulation counts as endless."""


@dataclass(frozen=True, slots=True)
class Faults:
    """The chance of each fault at its boundaries."""

    kills: float = 0.0
    deaths: float = 0.0
    repeats: float = 0.0
    losses: float = 0.0
    busy: float = 0.0
    mail: float = 0.0
    ends: float = 0.0
    lag: float = 0.0


@dataclass(frozen=True, slots=True)
class Job:
    """A run that is posted again and again until it gets 202. `bad` are the indexes of rows that cannot be parsed,
    `twins` of rows that stand at the end once more, with the amount 0, and `there` of rows whose documents are in the
    database before. With `breaks`, its publishing fails for good after everything is stored. `waits` are the calls of
    each chunk that are throttled from beginning to end. `packed`: the input is gzipped, and in another dialect. `plans`
    are the days for which it waits until its plan is approved.

    A mirror run has the rows from `first` on, and `change` is added to the amount of every second one. It is posted
    when the run `after` has ended."""

    key: str
    report: str = "stock"
    rows: int = 6
    bad: tuple[int, ...] = ()
    twins: tuple[int, ...] = ()
    breaks: bool = False
    waits: int = 0
    lanes: int = 2
    packed: bool = False
    """Its body has semicolons, is in UTF-16 and gzipped, so that it is copied before it is cut."""
    there: tuple[int, ...] = ()
    first: int = 0
    change: int = 0
    after: str | None = None
    plans: float | None = None
    verify: str | None = None
    """With it the run reads back what it has stored."""
    notify: str = "failed"
    tolerates: int = 0
    """How many of its bad rows it tolerates."""

    @property
    def run(self) -> str:
        return run_of_key(self.report, self.key, SECRET_OF_TESTS)

    @property
    def body(self) -> bytes:
        twins = b"".join(b"s%04d,shop%d,0,1\n" % (n, n % 3) for n in self.twins)
        body = make_csv(self.rows, bad=self.bad) + twins
        if self.report == "shelf":
            lines = (f"s{n:04},shop{n % 3},{self._amount(n)},1\n" for n in range(self.first, self.rows))
            body = HEADER + "".join(lines).encode()
        if not self.packed:
            return body
        # without the time of its compression, which would make another request of each repeat
        return gzip.compress(body.decode().replace(",", ";").encode("utf-16"), mtime=0)

    @property
    def read(self) -> int:
        """The rows of the input."""
        return self.rows - self.first + len(self.twins)

    @property
    def amounts(self) -> dict[str, float]:
        """What must be stored: of two rows with one document the later wins."""
        return {f"s{n:04}.0": self._amount(n) for n in range(self.first, self.rows)}

    def _amount(self, row: int) -> float:
        return 0.0 if row in self.twins else float(row + self.change * (row % 2))

    @property
    def ids(self) -> list[str]:
        return sorted(self.id(n) for n in range(self.first, self.rows))

    def id(self, number: int) -> str:
        return f"s{number:04}.0"

    @property
    def rejected(self) -> int:
        """The rows that the database refuses."""
        return {"new_sales": len(self.there), "prices": self.rows - len(self.there)}.get(self.report, 0)

    @property
    def left(self) -> list[str]:
        """The ids of the documents that are there when the run is completed."""
        there = [self.id(number) for number in self.there]
        return {"prices": there, "returns": []}.get(self.report, self.ids)


class World:
    def __init__(
        self,
        seed: int,
        faults: Faults,
        jobs: list[Job],
        kill_at: int | None = None,
        forget: Callable[[int], bool] = lambda number: False,
        most_runs: int = 2,
        slots: int = 8,
        outages: Mapping[str, int] | None = None,
    ) -> None:
        self.faults, self.jobs = faults, jobs
        self.disturbed = faults != Faults() or kill_at is not None
        self.scheduler = Scheduler(seed, faults.kills, kill_at, forget, outages or {})
        self.database = Database(self.scheduler, faults.losses, faults.busy, faults.lag)
        self.database.create({"runs": "/id", **{name: one.partition_key for name, one in REPORTS.items()}})
        for job in jobs:
            documents = [{"id": job.id(n), "shop": f"shop{n % 3}", "amount": float(n)} for n in job.there]
            self.database.fill(job.report, documents)
        self.staging = MemoryStaging(self.scheduler)
        self.post = Post(self.scheduler, faults.mail, faults.mail)
        self.webhook = Receiver(self.scheduler, faults.mail, faults.mail)
        self.runs, self.snapshots = CoreRuns(self.database), CoreSnapshots(self.database)
        seats = Seats(CoreAppDocuments(self.database), "", most_runs)
        self.admission = Admission(self.runs, seats, Launcher(5.0))
        self.deadlines = Deadlines(LIMIT, self.scheduler.clock)
        self.engine = Engine(self.scheduler, dict(STORIES), self._steps(), LIMIT, faults.deaths, faults.repeats, slots)
        self.client = Client(self.engine)
        expected = {job.run: Expected(job.read, job.amounts) for job in jobs}
        self.invariants = Invariants(self.scheduler, self.database, self.runs, self.post, expected, GRACE)
        self.accepted: set[str] = set()
        self.posting: set[str] = set()
        self.ended: set[str] = set()
        self.swept = self.scheduler.now

    def _steps(self) -> dict[str, Any]:
        files, clock = InputFiles(self.staging, self.staging), self.scheduler.clock
        reports, runs, staging, deadlines = REPORTS, self.runs, self.staging, self.deadlines
        gate = Gate(runs, deadlines)
        writer = Writer(
            transport=CoreTransport(self.database),
            clock=clock,
            sleep=self.scheduler.sleep,
            jitter=lambda: 0.5,
            controllers=RateControllers(clock),
        )
        estimator = Estimator(CoreTransport(self.database), CoreThere(self.database), work_here)
        remover = GenerationRemover(snapshots=self.snapshots, writer=writer)
        snapshots, cosmos, stopped = self.snapshots, FakeCosmos(), StoppedCode(staging, self.scheduler.utc)
        turns = EmailTurns(CoreAppDocuments(self.database), runs, "", self.scheduler.utc, 2 * LIMIT)
        emails = Emails(Links("", "", 14, self.scheduler.utc))
        compute, filler = InlineCompute(reports, clock), PartFiller(stopped)
        mirrors = Mirrors(snapshots, staging, self.scheduler.utc)
        steps = (
            ReadInputFile(gate, staging, files, work_here).read_input_file,
            ReadDataFromDb(reports, gate, staging, InlineReading(cosmos), stopped).read_data_from_db,
            GenerateReport(reports, gate, files, compute, filler).generate_report,
            DivideGroups(gate, files).divide_groups,
            CombineGroups(reports, gate, files, compute, filler, work_here).combine_groups,
            ResolveKeys(reports, gate, KeyFiles(files), mirrors, work_here).resolve_keys,
            FinishKeys(gate, files).finish_keys,
            PlanReport(reports, gate, files, estimator).plan_report,
            self._throttled(StoreDataToDb(reports, gate, files, writer, mirrors).store_data_to_db),
            DeleteGone(reports, gate, files, writer, mirrors).delete_gone,
            VerifyReport(reports, gate, files, writer, writer).verify_report,
            PublishReport(reports, gate, files, snapshots, Receipts(self.scheduler.utc)).publish_report,
            UndoReport(reports, runs, remover, deadlines).undo_report,
            RemoveGeneration(reports, self.runs, remover, deadlines).remove_generation,
            SendEmail(runs, self.post, turns, emails, RejectFiles(files)).send_email,
            SendWebhook(runs, self.webhook, "").send_webhook,
        )
        called = [chunks_in_turn(step, deadlines) if step.__name__ in STEPS.values() else step for step in steps]
        registered = {step.__name__: activity(step, 3600.0) for step in called}
        registered["advance_run"] = self._advance_run
        return {**registered, "publish_report": self._breaking(registered["publish_report"])}

    async def _advance_run(self, given: Any) -> Any:
        advance = AdvanceRun(self.runs, self.admission, can_email=True, can_post=True).advance_run
        return await activity_with_client(advance, 3600.0)(given, client=self.client)

    def _throttled(self, store_data_to_db: Any) -> Any:
        """A throttled call holds its slot for as long as a call may, and gets nowhere."""
        left = {job.run: job.waits for job in self.jobs}
        waited = Counter[tuple[str, int]]()

        @wraps(store_data_to_db)
        async def storing(given: Any) -> Any:
            call = given["run"], given["chunk"]
            if waited[call] >= left.get(given["run"], 0):
                return await store_data_to_db(given)
            waited[call] += 1
            await self.scheduler.sleep(SLOT_SECONDS)
            return {"cursor": given["cursor"] or {}, "totals": {}}

        return storing

    def _breaking(self, publish_report: Any) -> Any:
        broken = {job.run for job in self.jobs if job.breaks}

        async def publishing(given: Any) -> Any:
            return {"permanent": "it does not add up"} if given["run"] in broken else await publish_report(given)

        return publishing

    async def play(self) -> None:
        """Go on until every run has ended and nothing is pending."""
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
            if job.key not in self.accepted | self.posting and self._may_start(job):
                self.posting.add(job.key)
                self.scheduler.spawn(self._start(job))

    def _may_start(self, job: Job) -> bool:
        """Whether the run that comes before has ended."""
        before = {other.key: other.run for other in self.jobs}.get(job.after or "")
        return before is None or any(one.id == before and one.status.state in ENDED for one in self.runs.all())

    async def _start(self, job: Job) -> None:
        start_once = StartOnce(self.runs, self.staging, Launcher(5.0), self.scheduler.sleep, secret_of_tests)
        new_runs = NewRuns(job.lanes, self.scheduler.utc, lambda: "")
        reader = RequestReader(REPORTS, None, work_here)
        claims = MirrorClaims(CoreAppDocuments(self.database), self.runs, self.scheduler.utc)
        checks = StartChecks(CoreTransport(self.database).throughput, self.snapshots, claims, FakeQueries())
        start = StartReport(reader, checks, new_runs, start_once).start_report
        headers = {"Idempotency-Key": job.key}
        tolerated = job.rejected + len(job.twins) + job.tolerates
        query = {"tolerated_rejects": str(tolerated)} if tolerated else {}
        query |= {"notify": job.notify} if job.notify != "failed" else {}
        query |= {"max_delete_percent": "100"} if job.report == "shelf" else {}
        query |= {"plan": "true", "plan_days": str(job.plans)} if job.plans is not None else {}
        query |= {"verify": job.verify} if job.verify else {}
        query |= {"repair": "true"} if job.verify == "drift" else {}
        request = ask(f"reports/{job.report}", job.body, "text/csv", query, headers, report=job.report)
        try:
            response = await answering(start)(request, self.client)
            accepted = response.status_code == 202
        except Exception:  # noqa: BLE001  # no answer: the caller posts again
            accepted = False
        if accepted:
            self.accepted.add(job.key)
        else:
            await self.scheduler.sleep(1)
        self.posting.discard(job.key)

    def _meddle(self) -> None:
        """End a run from outside: cancel, terminate or purge it; or restart one that has ended."""
        for job in self.jobs:
            if job.key in self.ended or not self.scheduler.chance("ended from outside", self.faults.ends):
                continue
            instance = self.engine.instances.get(job.run)
            if instance is None:
                continue
            self.ended.add(job.key)
            way = self.scheduler.dice.choice(["cancel", "terminate", "purge"])
            if instance.status in FINISHED and self.scheduler.dice.random() < RESTARTED:
                way = "restart"
            self.scheduler.fired[way] += 1
            self._meddle_with(job.run, way)

    def _meddle_with(self, run: str, way: str) -> None:
        if way == "cancel":
            self.scheduler.spawn(self._cancel(run))
        elif way == "restart":
            self.engine.restart(run)
        else:
            self.engine.terminate(run, "enough")
            if way == "purge":
                del self.engine.instances[run]

    async def _cancel(self, run: str) -> None:
        try:
            await answering(CancelRun(self.runs, Launcher(5.0)).cancel_run)(ask("cancel", run=run), self.client)
        except Exception:  # noqa: BLE001  # its caller got no answer
            return

    async def _pass_time(self) -> None:
        """Move the time to the next timer, or to the next minute, when the sweep fires, sometimes twice at once."""
        minute = self.swept + timedelta(minutes=1)
        due = self.engine.next_due()
        self.scheduler.advance(min(minute, due) if due else minute)
        if self.scheduler.now >= minute:
            self.swept = self.scheduler.now
            expired = ExpiredGenerations(REPORTS, self.snapshots, GRACE, self.scheduler.utc)
            patience = Patience(self.scheduler.utc, LIMIT, self.engine.slots)
            sweep = SweepRuns(self.runs, Launcher(5.0), self.admission, expired, patience)
            for _ in range(2 if self.scheduler.chance("two sweeps at once", 0.2) else 1):
                self.scheduler.spawn(self._sweep(sweep))

    async def _sweep(self, sweep: SweepRuns) -> None:
        with suppress(Transient):  # the host logs a timer function that fails, and calls it a minute later
            await sweep.sweep_runs(TIMER, self.client)

    def _over(self) -> bool:
        if self.scheduler.waiting or self.scheduler.tasks or self.engine.items or len(self.accepted) < len(self.jobs):
            return False
        goes_on = [instance for instance in self.engine.instances.values() if instance.status not in FINISHED]
        if any(instance.inbox or instance.id.endswith(":remove") for instance in goes_on):
            return False
        return all(record.status.state in ENDED and not record.status.pending for record in self.runs.all())

    # ---- what must hold -----------------------------------------------------------------------------------------

    def check_end(self) -> None:
        """Every row is there once or not at all, each failed run has one email, and the newest completed run is
        current."""
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
        asked = job.notify == "always" or record.status.state == job.notify
        assert asked == bool(emails), (record.status.state, len(emails))
        self._check_events(record)
        assert len({email.key for email in emails}) <= 1
        assert len(emails) <= 1 or self.disturbed, "two mails, and no answer was lost"
        own = [d for d in self.database.documents(job.report) if d.get("snapshot_run", record.id) == record.id]
        ids = sorted(name for d in own if "snapshot_header" not in d for name in _rows_of(d))
        if record.status.state == "failed":
            assert self._may_fail(job, record), f"attempt {record.status.attempt} failed: {record.result.failure}"
        if record.status.state == "completed":
            receipt = record.result.receipt or {}
            counts = receipt["rows_read"], receipt["rows_stored"] + receipt["rows_unchanged"], receipt["rows_rejected"]
            assert counts == (job.read, len(job.amounts) - job.rejected, job.rejected + len(job.twins))
            if job.report == "shelf":  # the runs after it have changed its documents
                return
            assert receipt["rows_unchanged"] <= (job.rows - len(job.there) if job.report == "returns" else 0)
            assert job.verify is None or receipt["verified"]["equal"] == len(job.ids)
            assert ids in (job.ids, []) if job.report == "stock" else ids == job.left
            if job.report in ("sales", "stock"):
                stored = {d.get("snapshot_id", d["id"]): d["amount"] for d in own if "snapshot_header" not in d}
                assert not stored or stored == job.amounts, "an earlier row has won"
            assert job.report != "totals" or sum(d["amount"] for d in own) == sum(range(job.rows))
            self._check_mode(job, own)
        elif job.report == "stock":
            assert ids == [], f"{record.status.state} and left {ids}"

    def _check_events(self, record: RunRecord) -> None:
        """The receiver knows how the run ended, and was told so again only where an answer was lost."""
        ending = f"{record.id}:{record.status.attempt}:{record.status.state}:{record.accepted_milliseconds}"
        times = self.webhook.keys.count(ending)
        assert times == 1 or (times and self.disturbed), f"{ending} was posted {times} times"

    def _check_mode(self, job: Job, own: list[dict[str, Any]]) -> None:
        """What was there before is still as it was, or has every member that was to be set."""
        if job.report == "new_sales":
            times = self.database.times(job.report)
            assert {name for name, at in times.items() if at < START.timestamp()} == set(map(job.id, job.there))
        if job.report == "prices":
            assert all({d[f"m{n}"] for n in range(12)} == {d["amount"]} for d in own)

    def _may_fail(self, job: Job, record: RunRecord) -> bool:
        """Return whether the run fails by its own fault, by an operator, or because every attempt was used up."""
        text = (record.result.failure or {"text": ""})["text"]
        spent = record.status.attempt == MOST_ATTEMPTS or text.startswith(("Transient: ", DIED, TIMED_OUT))
        return bool(job.bad or job.breaks or job.key in self.ended or spent)


def _rows_of(document: Mapping[str, Any]) -> list[str]:
    """The ids that the rows of a document have when each is a document: a group lists its rows."""
    return [f"{name}.0" for name in document.get("ids", [])] or [document.get("snapshot_id", document["id"])]


def simulate(seed: int, faults: Faults, jobs: list[Job], **disturbing: Any) -> World:
    """One whole life; raises where an invariant does not hold. `disturbing`: kill_at, forget, outages."""
    world = World(seed, faults, jobs, **disturbing)
    asyncio.run(world.play())
    world.check_end()
    return world
