"""Table of contents: every trigger, orchestrator and activity of the app, one line each."""

import os
from pathlib import Path

import azure.durable_functions as df
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
from orchestrators.compensate_run import compensate_run
from orchestrators.import_report import import_report
from orchestrators.remove_previous import remove_previous
from orchestrators.run_lane import run_lane
from orchestrators.run_wave import run_wave
from outlast.adapters import Adapters
from outlast.cosmos.snapshots.expired import ExpiredGenerations
from outlast.durable import activity
from outlast.http.cancel_run import CancelRun
from outlast.http.list_reports import ListReports
from outlast.http.list_runs import ListRuns
from outlast.http.problem import answering
from outlast.http.show_current import ShowCurrent
from outlast.http.show_health import ShowHealth
from outlast.http.show_rejects import ShowRejects
from outlast.http.show_run import ShowRun
from outlast.http.start_once import StartOnce
from outlast.http.start_report import NewRuns, StartReport
from outlast.memory import give_back_large_blocks
from outlast.runs.sweep import SweepRuns

give_back_large_blocks()
a = Adapters.wired(os.environ, Path(__file__).parent)

app = df.DFApp(http_auth_level=func.AuthLevel.FUNCTION)
client = app.durable_client_input(client_name="client")

start_once = StartOnce(runs=a.runs, staging=a.staging, launcher=a.launcher, sleep=a.sleep)
new_runs = NewRuns(max_parallel=a.settings.max_parallel, now=a.now, new_id=a.new_id)
start = StartReport(
    reports=a.reports,
    inputs=a.inputs,
    new_runs=new_runs,
    start_once=start_once,
    throughput=a.writer.transport.throughput,
).start_report
current = ShowCurrent(reports=a.reports, snapshots=a.snapshots).show_current
rejects = ShowRejects(runs=a.runs, staging=a.staging).show_rejects
health = ShowHealth(
    settings=a.settings, reports=a.reports, cosmos=a.cosmos, staging=a.staging, clock=a.clock
).show_health

app.route(route="reports/{report}", methods=["POST"])(client(answering(start)))
app.route(route="reports", methods=["GET"])(answering(ListReports(a.reports).list_reports))
app.route(route="reports/{report}/current", methods=["GET"])(answering(current))
app.route(route="runs", methods=["GET"])(answering(ListRuns(a.runs).list_runs))
app.route(route="runs/{run}/cancel", methods=["POST"])(answering(CancelRun(a.runs).cancel_run))
app.route(route="runs/{run}", methods=["GET"])(client(answering(ShowRun(a.runs).show_run)))
app.route(route="runs/{run}/rejects", methods=["GET"])(answering(rejects))
app.route(route="health", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)(answering(health))

grace = a.settings.snapshot_grace_seconds
expired = ExpiredGenerations(reports=a.reports, snapshots=a.snapshots, grace=grace, now=a.now)
sweep = SweepRuns(runs=a.runs, launcher=a.launcher, expired=expired, now=a.now, timeout=a.deadlines.timeout).sweep_runs
app.timer_trigger(schedule="0 * * * * *", arg_name="timer")(client(sweep))

for orchestrator in (import_report, run_wave, run_lane, compensate_run, remove_previous):
    app.orchestration_trigger(context_name="context")(orchestrator)

for step in (
    AdvanceRun(runs=a.runs).advance_run,
    ReadInputFile(gate=a.gate, staging=a.staging, files=a.files, in_thread=a.in_thread).read_input_file,
    ReadDataFromDb(reports=a.reports, gate=a.gate, staging=a.staging, cosmos=a.cosmos).read_data_from_db,
    GenerateReport(
        reports=a.reports,
        gate=a.gate,
        files=a.files,
        in_thread=a.in_thread,
        max_staged=a.settings.max_staged_bytes,
    ).generate_report,
    StoreDataToDb(reports=a.reports, gate=a.gate, files=a.files, writer=a.writer).store_data_to_db,
    PublishReport(reports=a.reports, gate=a.gate, files=a.files, snapshots=a.snapshots, now=a.now).publish_report,
    UndoReport(reports=a.reports, runs=a.runs, snapshots=a.snapshots, deadlines=a.deadlines).undo_report,
    RemoveGeneration(reports=a.reports, snapshots=a.snapshots, deadlines=a.deadlines).remove_generation,
    SendEmail(runs=a.runs, mailer=a.mailer).send_email,
):
    app.activity_trigger(input_name="given")(activity(step, a.deadlines.given_up))
