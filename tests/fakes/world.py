"""The whole app in one process: the real activities and orchestrators over fakes."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

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
from outlast.cosmos.bulk.rate_controller import RateControllers
from outlast.cosmos.bulk.writer import Writer
from outlast.cosmos.snapshots.removing import GenerationRemover
from outlast.deadline import Deadlines
from outlast.generating.part_filler import PartFiller
from outlast.links import Links
from outlast.planning.estimator import Estimator
from outlast.report import Report
from outlast.runs.admission import Admission
from outlast.runs.email_turns import EmailTurns
from outlast.runs.emails import Emails
from outlast.runs.fence import Gate
from outlast.runs.launcher import Launcher
from outlast.runs.receipt import Receipts
from outlast.runs.record import RunRecord
from outlast.runs.seats import Seats
from outlast.runs.store import Runs
from outlast.staging.input import InputFiles
from outlast.staging.key_files import KeyFiles
from outlast.staging.mirrors import Mirrors
from outlast.staging.paths import body_path
from outlast.staging.queried import QuerySource
from outlast.staging.reject_files import RejectFiles
from outlast.staging.stopped_code import StoppedCode
from outlast.staging.store import Staging
from tests.fakes.app_documents import FakeAppDocuments
from tests.fakes.clock import ManualClock
from tests.fakes.compute import InlineCompute, InlineReading
from tests.fakes.cosmos import FakeCosmos
from tests.fakes.driver import Driver, Instance, Step, Story
from tests.fakes.mailer import FakeMailer
from tests.fakes.queries import FakeQueries
from tests.fakes.records import make_record
from tests.fakes.reports import REPORTS
from tests.fakes.runs import FakeRuns
from tests.fakes.snapshots import FakeSnapshots
from tests.fakes.there import FakeThere
from tests.fakes.transport import FakeTransport
from tests.fakes.webhook import FakeWebhook

CONTENTS = (Path(__file__).parents[2] / "function_app.py").read_text("utf-8")
[_registered] = re.findall(r"for orchestrator in \(([\w, ]+)\):\n    app.orchestration_trigger\(", CONTENTS)
STORIES: Mapping[str, Story] = {
    name: getattr(import_module(f"orchestrators.{name}"), name) for name in _registered.split(", ")
}
"""The orchestrators that function_app.py registers. They are read from its text, because importing it needs
settings."""
RESOLVED = 8
"""Shards of keys that `prepare` resolves: at least as many as any test has."""
T = TypeVar("T")


async def work_here(work: Callable[[], T]) -> T:
    """Do the work inline instead of in a thread."""
    return work()


@dataclass(slots=True)
class World:
    """`timeout` is functionTimeout in seconds."""

    seed: int = 0
    timeout: float = 100.0
    reports: Mapping[str, Report[Any]] = field(default_factory=lambda: dict(REPORTS))
    clock: ManualClock = field(default_factory=ManualClock)
    staging: Staging = field(default_factory=lambda: Staging("memory:///"))
    inputs: Staging = field(default_factory=lambda: Staging("memory:///"))
    transport: FakeTransport = field(default_factory=FakeTransport)
    cosmos: FakeCosmos = field(default_factory=FakeCosmos)
    mailer: FakeMailer = field(default_factory=FakeMailer)
    webhook: FakeWebhook = field(default_factory=FakeWebhook)
    documents: FakeAppDocuments = field(default_factory=FakeAppDocuments)
    queries: FakeQueries = field(default_factory=FakeQueries)
    most_runs: int = 8
    runs: FakeRuns = field(init=False)
    admission: Admission = field(init=False)
    snapshots: FakeSnapshots = field(init=False)
    files: InputFiles = field(init=False)
    deadlines: Deadlines = field(init=False)
    compute: InlineCompute = field(init=False)
    stopped: StoppedCode = field(init=False)
    steps: dict[str, Step] = field(init=False)
    driver: Driver = field(init=False)

    def __post_init__(self) -> None:
        self.transport.now = lambda: self.clock.now().timestamp()
        self.runs = FakeRuns(self.clock.now)
        self.admission = Admission(self.runs, Seats(self.documents, "", self.most_runs), Launcher(5.0))
        self.snapshots = FakeSnapshots(self.transport)
        source = QuerySource(self.queries, self.clock, self.clock.sleep)
        self.files = InputFiles(self.staging, self.inputs, queries=source)
        self.deadlines = Deadlines(self.timeout, self.clock)
        self.stopped = StoppedCode(self.staging, self.clock.now)
        writer = Writer(
            transport=self.transport,
            clock=self.clock,
            sleep=self.clock.sleep,
            jitter=lambda: 0.5,
            controllers=RateControllers(self.clock),
        )
        reports, staging, files, gate = self.reports, self.staging, self.files, Gate(self.runs, self.deadlines)
        snapshots, deadlines = self.snapshots, self.deadlines
        remover = GenerationRemover(snapshots=snapshots, writer=writer)
        reading = InlineReading(self.cosmos)
        estimator = Estimator(self.transport, FakeThere(self.transport), work_here)
        self.compute = InlineCompute(reports, self.clock, self.clock.advance)
        filler, mirrors = PartFiller(self.stopped), Mirrors(snapshots, staging, self.clock.now)
        self.steps = {
            "advance_run": self._advance_run,
            "read_input_file": ReadInputFile(gate, staging, files, work_here).read_input_file,
            "read_data_from_db": ReadDataFromDb(reports, gate, staging, reading, self.stopped).read_data_from_db,
            "generate_report": GenerateReport(reports, gate, files, self.compute, filler).generate_report,
            "divide_groups": DivideGroups(gate, files).divide_groups,
            "combine_groups": CombineGroups(reports, gate, files, self.compute, filler, work_here).combine_groups,
            "resolve_keys": ResolveKeys(reports, gate, KeyFiles(files), mirrors, work_here).resolve_keys,
            "finish_keys": FinishKeys(gate, files).finish_keys,
            "plan_report": PlanReport(reports, gate, files, estimator).plan_report,
            "store_data_to_db": StoreDataToDb(reports, gate, files, writer, mirrors).store_data_to_db,
            "delete_gone": DeleteGone(reports, gate, files, writer, mirrors).delete_gone,
            "verify_report": VerifyReport(
                reports, gate, files, replace(writer, controllers=RateControllers(self.clock)), writer
            ).verify_report,
            "publish_report": PublishReport(reports, gate, files, snapshots, Receipts(self.clock.now)).publish_report,
            "undo_report": UndoReport(reports, self.runs, remover, deadlines).undo_report,
            "remove_generation": RemoveGeneration(reports, self.runs, remover, deadlines).remove_generation,
            "send_email": self.send_email().send_email,
            "send_webhook": SendWebhook(self.runs, self.webhook, "https://app.example").send_webhook,
        }
        self.driver = Driver(STORIES, self.steps, self.seed, let_pass=self.clock.advance, now=self.clock.now)

    def links(self, secret: str = "") -> Links:
        return Links(secret, "", 14, self.clock.now)

    def send_email(self, runs: Runs | None = None) -> SendEmail:
        emails = Emails(self.links())
        return SendEmail(runs or self.runs, self.mailer, self.turns(), emails, RejectFiles(self.files))

    def turns(self) -> EmailTurns:
        return EmailTurns(self.documents, self.runs, "", self.clock.now, 2 * self.timeout)

    async def _advance_run(self, given: Any) -> Any:
        can_email, can_post = self.mailer.missing is None, self.webhook.configured
        return await AdvanceRun(self.runs, self.admission, can_email, can_post).advance_run(given, self.driver)

    async def accept(self, body: bytes, run: str = "r1", **fields: Any) -> RunRecord:
        """Stage and record a run as the start endpoint does."""
        await self.staging.put(body_path(run), body)
        at = self.clock.now().isoformat()
        usual: dict[str, Any] = {"id": run, "state": "queued", "accepted": at, "max_parallel": 2}
        usual["events"] = [{"at": at, "event": "accepted", "attempt": 1}]
        await self.runs.create(make_record(**{**usual, **fields}))
        return self.runs.records[run]

    async def run(self, body: bytes, run: str = "r1", **fields: Any) -> Instance:
        """Accept a run and drive it to its end."""
        await self.accept(body, run, **fields)
        return await self.driver.run("import_report", {"attempt": 1}, run)

    async def call(self, step: str, **given: Any) -> Any:
        """Call one activity of run r1, attempt 1."""
        return await self.steps[step]({"run": "r1", "attempt": 1, **given})

    async def prepare(self, body: bytes, state: str, **fields: Any) -> RunRecord:
        """Return a run in that state with its input cut and its reference read; from
        `resolving` on also generated, for `storing` and later also resolved."""
        await self.accept(body, **{**fields, "state": "reading"})
        chunks = (await call_until_done(self.steps["read_input_file"], {"run": "r1", "attempt": 1}))["chunks"]
        await self.call("read_data_from_db")
        if state == "reading":
            return self.runs.records["r1"]
        for name, until in (
            ("generate_report", "generating"),
            ("resolve_keys", "resolving"),
            ("store_data_to_db", "storing"),
        ):
            self.runs.set("r1", state=until)
            if state == until:
                break
            for chunk in range(RESOLVED if name == "resolve_keys" else chunks):
                await call_until_done(self.steps[name], {"run": "r1", "attempt": 1, "chunk": chunk})
            if name == "resolve_keys":
                await call_until_done(self.steps["finish_keys"], {"run": "r1", "attempt": 1})
        return self.runs.set("r1", state=state)


async def call_until_done(step: Step, given: Any) -> Any:
    """Return the first answer without a cursor."""
    answer = await step({**given, "cursor": None})
    while answer["cursor"] is not None:
        answer = await step({**given, "cursor": answer["cursor"]})
    return answer
