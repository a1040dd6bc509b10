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
from outlast.durable import Retry, activity
from outlast.http.cancel_run import CancelRun
from outlast.http.list_reports import ListReports
from outlast.http.list_runs import ListRuns
from outlast.http.problem import answering
from outlast.http.show_current import ShowCurrent
from outlast.http.show_health import ShowHealth
from outlast.http.show_rejects import ShowRejects
from outlast.http.show_run import ShowRun
from outlast.http.start_report import StartReport
from outlast.memory import give_back_large_blocks
from outlast.runs.sweep import SweepRuns

give_back_large_blocks()
a = Adapters.wired(os.environ, Path(__file__).parent)
Retry.first_seconds = a.settings.first_retry_seconds

app = df.DFApp(http_auth_level=func.AuthLevel.FUNCTION)
client = app.durable_client_input(client_name="client")

start_report = StartReport(
    a.reports, a.runs, a.staging, a.inputs, a.settings.max_parallel, a.now, a.new_id, a.sleep
).start_report
app.route(route="reports/{report}", methods=["POST"])(client(answering(start_report)))
app.route(route="reports", methods=["GET"])(answering(ListReports(a.reports).list_reports))
show_current = ShowCurrent(a.reports, a.snapshots).show_current
app.route(route="reports/{report}/current", methods=["GET"])(answering(show_current))
app.route(route="runs", methods=["GET"])(answering(ListRuns(a.runs).list_runs))
app.route(route="runs/{run}/cancel", methods=["POST"])(answering(CancelRun(a.runs).cancel_run))
app.route(route="runs/{run}", methods=["GET"])(client(answering(ShowRun(a.runs).show_run)))
app.route(route="runs/{run}/rejects", methods=["GET"])(answering(ShowRejects(a.runs, a.staging).show_rejects))
show_health = ShowHealth(a.settings, a.reports, a.cosmos, a.staging, a.clock).show_health
app.route(route="health", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)(answering(show_health))

grace = a.settings.snapshot_grace_seconds
sweep = SweepRuns(a.runs, a.now, a.deadlines.timeout, a.reports, a.snapshots, grace).sweep_runs
app.timer_trigger(schedule="0 * * * * *", arg_name="timer")(client(sweep))

for orchestrator in (import_report, run_wave, run_lane, compensate_run, remove_previous):
    app.orchestration_trigger(context_name="context")(orchestrator)

for step in (
    AdvanceRun(a.runs).advance_run,
    ReadInputFile(a.runs, a.staging, a.files, a.deadlines, a.clock, a.in_thread).read_input_file,
    ReadDataFromDb(a.reports, a.runs, a.staging, a.cosmos, a.deadlines, a.clock).read_data_from_db,
    GenerateReport(a.reports, a.runs, a.staging, a.files, a.deadlines, a.clock, a.in_thread).generate_report,
    StoreDataToDb(a.reports, a.runs, a.staging, a.files, a.writer, a.deadlines, a.clock).store_data_to_db,
    PublishReport(a.reports, a.runs, a.staging, a.files, a.snapshots, a.deadlines, a.clock, a.now).publish_report,
    UndoReport(a.reports, a.runs, a.snapshots, a.deadlines).undo_report,
    RemoveGeneration(a.reports, a.snapshots, a.deadlines).remove_generation,
    SendEmail(a.runs, a.mailer).send_email,
):
    app.activity_trigger(input_name="given")(activity(step, a.deadlines.given_up))
