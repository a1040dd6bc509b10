"""Table of contents: every trigger, orchestrator and activity of the app, one line each."""

import os
from pathlib import Path
from typing import Any

import azure.durable_functions as df
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
from orchestrators.compensate_run import compensate_run
from orchestrators.import_report import import_report
from orchestrators.remove_previous import remove_previous
from orchestrators.run_lane import STEPS, run_lane
from orchestrators.run_wave import run_wave
from outlast.adapters import Adapters
from outlast.chunks_in_turn import chunks_in_turn
from outlast.cosmos.snapshots.expired import ExpiredGenerations
from outlast.cosmos.snapshots.removing import GenerationRemover
from outlast.durable import activity, activity_with_client
from outlast.generating.part_filler import PartFiller
from outlast.http.answer_options import AnswerOptions
from outlast.http.approve_run import ApproveRun
from outlast.http.cancel_run import CancelRun
from outlast.http.correct_run import CorrectRun
from outlast.http.cors import Cors
from outlast.http.entrance import Entrance
from outlast.http.health_checks import DatabaseCheck, MailCheck, ReportsCheck, RunsCheck, StagingCheck
from outlast.http.list_reports import ListReports
from outlast.http.list_runs import KeyedRuns, ListRuns
from outlast.http.make_link import MakeLink
from outlast.http.open_link import LinkOpener
from outlast.http.open_upload import OpenUpload
from outlast.http.public_address import PublicAddress
from outlast.http.redrive_run import RedriveChecks, RedriveRun
from outlast.http.remove_run import RemoveRun
from outlast.http.revise_run import Reviser
from outlast.http.revoke_links import RevokeLinks
from outlast.http.show_current import ShowCurrent
from outlast.http.show_events import ShowEvents
from outlast.http.show_health import ShowHealth
from outlast.http.show_openapi import ShowOpenapi
from outlast.http.show_page import ShowPage, page_files, upload_origin
from outlast.http.show_plan import ShowPlan
from outlast.http.show_rejects import ShowRejects
from outlast.http.show_run import ShowRun
from outlast.http.show_shared import ShowShared
from outlast.http.show_shared_rejects import ShowSharedRejects
from outlast.http.start_answer import StartAnswers
from outlast.http.start_once import StartOnce
from outlast.http.start_report import NewRuns, RequestReader, StartChecks, StartReport
from outlast.http.take_over import TakeOver
from outlast.http.take_upload import TakeUpload
from outlast.http.verify_run import VerifyRun
from outlast.http.waive_run import WaiveRun
from outlast.log_levels import quiet_libraries
from outlast.memory import give_back_memory, look_for_cycles_rarely
from outlast.planning.estimator import Estimator
from outlast.planning.there import CosmosThere
from outlast.runs.email_turns import EmailTurns
from outlast.runs.emails import Emails
from outlast.runs.mirror_claims import MirrorClaims
from outlast.runs.prices import Prices
from outlast.runs.receipt import Receipts
from outlast.runs.sweep import SweepRuns
from outlast.sources.incoming import ArrivalReader, Incoming
from outlast.sources.keyed_starts import KeyedStarts
from outlast.sources.refusals import Refusals
from outlast.sources.scheduled_report import ScheduledReport, function_name
from outlast.staging.corrections import Corrections
from outlast.staging.key_files import KeyFiles
from outlast.staging.mirrors import Mirrors
from outlast.staging.reject_files import RejectFiles
from outlast.staging.removal import RunRemover
from outlast.staging.retention import Days, Retention
from outlast.staging.unrecorded import UnrecordedBodies
from outlast.staging.uploads import Uploads
from outlast.versions import VERSION, versions

quiet_libraries()
give_back_memory()
look_for_cycles_rarely()
a = Adapters.wired(os.environ, Path(__file__).parent)

app = df.DFApp(http_auth_level=func.AuthLevel.FUNCTION)
anybody = func.AuthLevel.ANONYMOUS
reading = ["GET", "HEAD"]
client = app.durable_client_input(client_name="client")

start_once = StartOnce(runs=a.runs, staging=a.staging, launcher=a.launcher, sleep=a.sleep, secret=a.secret.get)
owner = a.admission.seats.owner
new_runs = NewRuns(
    max_parallel=a.settings.max_parallel, now=a.now, new_id=a.new_id, owner=owner, plan_days=a.settings.plan_days
)
claims = MirrorClaims(documents=a.documents, runs=a.runs, now=a.now)
start_checks = StartChecks(
    throughput=a.writer.transport.throughput,
    snapshots=a.snapshots,
    claims=claims,
    queries=a.queries,
)
start = StartReport(
    reader=RequestReader(reports=a.reports, inputs=a.inputs, in_thread=a.in_thread),
    checks=start_checks,
    new_runs=new_runs,
    start_once=start_once,
    answers=StartAnswers(links=a.links, durable_urls=a.settings.durable_urls),
).start_report
current = ShowCurrent(reports=a.reports, snapshots=a.snapshots).show_current
show_rejects = ShowRejects(runs=a.runs, files=a.files, clock=a.clock)
reject_files = RejectFiles(a.files)
checks = {
    "database": DatabaseCheck(cosmos=a.cosmos, reports=a.reports).check,
    "staging": StagingCheck(a.staging).check,
    "mail": MailCheck(a.mailer).check,
    "reports": ReportsCheck(a.stopped).check,
    "runs": RunsCheck(runs=a.runs, owner=owner).check,
}
health = ShowHealth(checks=checks, clock=a.clock).show_health

files_and_histories = RunRemover(a.staging, a.inputs)
remove_run = RemoveRun(
    runs=a.runs, remover=files_and_histories, seats=a.admission.seats, claims=claims, deadlines=a.deadlines
).remove_run

days = Days(files=a.settings.retention_days, record=a.settings.record_days, now=a.now)
redrive = RedriveRun(
    runs=a.runs,
    launcher=a.launcher,
    checks=RedriveChecks(
        reports=a.reports, throughput=a.writer.transport.throughput, days=days, timeout=a.deadlines.timeout
    ),
    owner=owner,
).redrive_run

prices = Prices(a.settings.price_per_million_ru, a.settings.currency)
plan = ShowPlan(
    runs=a.runs, staging=a.staging, reports=a.reports, throughput=a.writer.transport.throughput, prices=prices
).show_plan
approve = ApproveRun(a.runs, a.launcher, a.now).approve_run
page = ShowPage(
    files=page_files(Path(__file__).parent / "ui"),
    upload_origin=upload_origin(a.settings.inputs_url, a.settings.azure_storage_account_name),
).show_page

reviser = Reviser(runs=a.runs, launcher=a.launcher, days=days, owner=owner)
correct = CorrectRun(runs=a.runs, corrections=Corrections(a.files), reviser=reviser, in_thread=a.in_thread).correct_run
verify = VerifyRun(runs=a.runs, reports=a.reports, snapshots=a.snapshots, reviser=reviser).verify_run
opener = LinkOpener(runs=a.runs, links=a.links)
shared = ShowShared(opener=opener, rejects=reject_files, prices=prices).show_shared
shared_rejects = ShowSharedRejects(opener=opener, rejects=show_rejects).show_shared_rejects
keyed_runs = KeyedRuns(reports=a.reports, secret=a.secret.get)

address = PublicAddress(a.settings.public_url, a.settings.trusted_proxies)
cors = Cors(a.settings.cors_origins)
answering = Entrance(address, cors).answering

app.route(route="reports/{report}", methods=["POST"])(client(answering(start)))
app.route(route="inputs", methods=["POST"])(answering(OpenUpload(a.inputs, a.new_id, a.now).open_upload))
app.route(route="inputs/{name}", methods=["PUT"])(answering(TakeUpload(a.inputs).take_upload))
app.route(route="reports", methods=reading)(answering(ListReports(a.reports, a.settings.portal_url).list_reports))
app.route(route="reports/{report}/current", methods=reading)(answering(current))
app.route(route="runs", methods=reading)(answering(ListRuns(a.runs, keyed_runs.ids).list_runs))
app.route(route="runs/{run}/cancel", methods=["POST"])(client(answering(CancelRun(a.runs, a.launcher).cancel_run)))
app.route(route="runs/{run}", methods=reading)(client(answering(ShowRun(a.runs).show_run)))
app.route(route="runs/{run}", methods=["DELETE"])(client(answering(remove_run)))
app.route(route="runs/{run}/events", methods=reading)(answering(ShowEvents(a.runs).show_events))
app.route(route="runs/{run}/rejects", methods=reading)(answering(show_rejects.show_rejects))
app.route(route="runs/{run}/plan", methods=reading)(answering(plan))
app.route(route="runs/{run}/approve", methods=["POST"])(client(answering(approve)))
app.route(route="runs/{run}/redrive", methods=["POST"])(client(answering(redrive)))
app.route(route="runs/{run}/corrections", methods=["POST"])(client(answering(correct)))
app.route(route="runs/{run}/verify", methods=["POST"])(client(answering(verify)))
app.route(route="runs/{run}/waive", methods=["POST"])(answering(WaiveRun(a.runs).waive_run))
app.route(route="runs/{run}/links", methods=["POST"])(answering(MakeLink(a.runs, a.links).make_link))
app.route(route="runs/{run}/links", methods=["DELETE"])(answering(RevokeLinks(a.runs).revoke_links))
app.route(route="shared/{token}", methods=reading, auth_level=anybody)(client(answering(shared)))
app.route(route="shared/{token}/rejects", methods=reading, auth_level=anybody)(answering(shared_rejects))
app.route(route="take-over", methods=["POST"])(answering(TakeOver(runs=a.runs, owner=owner).take_over))
app.route(route="openapi.json", methods=reading, auth_level=anybody)(answering(ShowOpenapi(VERSION).show_openapi))
app.route(route="health", methods=reading, auth_level=anybody)(answering(health))
app.route(route="ui/{file?}", methods=reading, auth_level=anybody)(answering(page))
app.route(route="{*rest}", methods=["OPTIONS"], auth_level=anybody)(answering(AnswerOptions(cors).answer_options))

grace = a.settings.snapshot_grace_seconds
remover = GenerationRemover(snapshots=a.snapshots, writer=a.writer)
expired = ExpiredGenerations(reports=a.reports, snapshots=a.snapshots, grace=grace, now=a.now)
sweep = SweepRuns(
    runs=a.runs, launcher=a.launcher, admission=a.admission, expired=expired, patience=a.patience
).sweep_runs
app.timer_trigger(schedule="0 * * * * *", arg_name="timer")(client(sweep))

bodies = UnrecordedBodies(runs=a.runs, staging=a.staging, now=a.now, deadlines=a.deadlines)
app.timer_trigger(schedule="0 7 * * * *", arg_name="timer")(bodies.remove_unrecorded)

uploads = Uploads(inputs=a.inputs, now=a.now, days=a.settings.retention_days, deadlines=a.deadlines)
app.timer_trigger(schedule="0 37 * * * *", arg_name="timer")(uploads.remove_old_uploads)

retention = Retention(runs=a.runs, remover=files_and_histories, days=days, owner=owner, deadlines=a.deadlines)
app.timer_trigger(schedule="30 */5 * * * *", arg_name="timer")(client(retention.remove_ended_runs))

starts = KeyedStarts(checks=start_checks, new_runs=new_runs, start_once=start_once)
a_minute_for_an_hour = app.retry(strategy="fixed_delay", max_retry_count="60", delay_interval="00:01:00")
for report in [report for report in a.reports.values() if report.schedule]:
    scheduled = ScheduledReport(report=report, inputs=a.inputs, starts=starts, now=a.now).start_scheduled
    by_schedule = app.timer_trigger(schedule=report.schedule, arg_name="timer")
    app.function_name(function_name(report.name))(by_schedule(a_minute_for_an_hour(client(scheduled))))

if a.inputs is not None:
    incoming = Incoming(
        reader=ArrivalReader(a.inputs, a.reports, a.in_thread),
        starts=starts,
        refusals=Refusals(a.inputs, a.mailer),
        now=a.now,
        deadlines=a.deadlines,
    )
    app.timer_trigger(schedule="15 * * * * *", arg_name="timer")(client(incoming.take_incoming))

turns = EmailTurns(documents=a.documents, runs=a.runs, owner=owner, now=a.now, lease=2 * a.deadlines.timeout)

for orchestrator in (import_report, run_wave, run_lane, compensate_run, remove_previous):
    app.orchestration_trigger(context_name="context")(orchestrator)

can_email, can_post = a.mailer.missing is None, a.webhook.configured
advance = AdvanceRun(runs=a.runs, admission=a.admission, can_email=can_email, can_post=can_post).advance_run
app.activity_trigger(input_name="given")(client(activity_with_client(a.export.traced(advance), a.deadlines.given_up)))

mirrors = Mirrors(snapshots=a.snapshots, staging=a.staging, now=a.now)
estimator = Estimator(a.writer.transport, CosmosThere(a.cosmos), a.in_thread)
receipts = Receipts(now=a.now, prices=prices, versions=versions())
user_code: Any = {"reports": a.reports, "gate": a.gate}
computing: Any = {**user_code, "compute": a.compute, "filler": PartFiller(a.stopped), "files": a.files}
for step in (
    ReadInputFile(gate=a.gate, staging=a.staging, files=a.files, in_thread=a.in_thread).read_input_file,
    ReadDataFromDb(**user_code, staging=a.staging, reading=a.reading, stopped=a.stopped).read_data_from_db,
    GenerateReport(**computing, max_staged=a.settings.max_staged_bytes).generate_report,
    DivideGroups(gate=a.gate, files=a.files).divide_groups,
    CombineGroups(**computing, in_thread=a.in_thread, max_staged=a.settings.max_staged_bytes).combine_groups,
    ResolveKeys(
        reports=a.reports, gate=a.gate, key_files=KeyFiles(a.files), mirrors=mirrors, in_thread=a.in_thread
    ).resolve_keys,
    FinishKeys(gate=a.gate, files=a.files).finish_keys,
    PlanReport(reports=a.reports, gate=a.gate, files=a.files, estimator=estimator).plan_report,
    StoreDataToDb(reports=a.reports, gate=a.gate, files=a.files, writer=a.writer, mirrors=mirrors).store_data_to_db,
    DeleteGone(reports=a.reports, gate=a.gate, files=a.files, writer=a.writer, mirrors=mirrors).delete_gone,
    VerifyReport(reports=a.reports, gate=a.gate, files=a.files, reader=a.reader, writer=a.writer).verify_report,
    PublishReport(
        reports=a.reports, gate=a.gate, files=a.files, snapshots=a.snapshots, receipts=receipts
    ).publish_report,
    UndoReport(reports=a.reports, runs=a.runs, remover=remover, deadlines=a.deadlines).undo_report,
    RemoveGeneration(reports=a.reports, runs=a.runs, remover=remover, deadlines=a.deadlines).remove_generation,
    SendEmail(
        runs=a.runs, mailer=a.mailer, turns=turns, emails=Emails(a.links, prices), rejects=reject_files
    ).send_email,
    SendWebhook(runs=a.runs, webhook=a.webhook, address=a.settings.public_url).send_webhook,
):
    traced = a.export.traced(step)
    called = chunks_in_turn(traced, a.deadlines) if step.__name__ in STEPS.values() else traced
    app.activity_trigger(input_name="given")(activity(called, a.deadlines.given_up))
