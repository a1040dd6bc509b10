"""The world the app works in, wired once from its settings. Nothing is opened before it is needed."""

import asyncio
import random
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import gettempdir
from typing import Any
from uuid import uuid4

from outlast.compute.child_pool import children_of
from outlast.compute.children import Children
from outlast.compute.converting import ConvertingChild
from outlast.compute.reading import ReadingChild
from outlast.compute.thread import ComputeThread
from outlast.cosmos.bulk.bulk_transport import BulkTransport
from outlast.cosmos.bulk.rate_controller import RateControllers
from outlast.cosmos.bulk.sdk_transport import SdkTransport
from outlast.cosmos.bulk.transport import Priority, Transport
from outlast.cosmos.bulk.writer import Writer
from outlast.cosmos.client import Cosmos
from outlast.cosmos.queries import CosmosQueries, Queries
from outlast.cosmos.snapshots.header import Snapshots
from outlast.cosmos.snapshots.store import CosmosSnapshots
from outlast.deadline import Deadlines
from outlast.host_settings import HostSettings
from outlast.links import Links
from outlast.load_reports import load_reports
from outlast.mail import Addresses, Mailer, SendGridMailer
from outlast.open_telemetry.export import Export, NoExport
from outlast.report import Report
from outlast.runs.admission import Admission
from outlast.runs.app_documents import AppDocuments, AppSecret, CosmosAppDocuments
from outlast.runs.fence import Gate
from outlast.runs.launcher import Launcher
from outlast.runs.observed import ObservedRuns
from outlast.runs.patience import Patience
from outlast.runs.seats import Seats
from outlast.runs.store import CosmosRuns, Runs
from outlast.settings import Settings, read_settings
from outlast.smtp_mail import SmtpMailer, SmtpServer
from outlast.staging.input import InputFiles
from outlast.staging.queried import QuerySource
from outlast.staging.stopped_code import StoppedCode
from outlast.staging.store import Staging
from outlast.webhook import HttpWebhook, Webhook


@dataclass(frozen=True, slots=True)
class Adapters:
    """What activities and HTTP functions are given. `reader` paces reads apart from the writes of `writer`."""

    settings: Settings
    reports: Mapping[str, Report[Any]]
    cosmos: Cosmos
    runs: Runs
    documents: AppDocuments
    secret: AppSecret
    snapshots: Snapshots
    staging: Staging
    inputs: Staging | None
    files: InputFiles
    queries: Queries
    writer: Writer
    reader: Writer
    mailer: Mailer
    webhook: Webhook
    links: Links
    deadlines: Deadlines
    gate: Gate
    launcher: Launcher
    admission: Admission
    patience: Patience
    clock: Callable[[], float]
    now: Callable[[], datetime]
    new_id: Callable[[], str]
    sleep: Callable[[float], Awaitable[None]]
    in_thread: Callable[..., Any]
    compute: Children
    reading: ReadingChild
    stopped: StoppedCode
    export: Export

    @classmethod
    def wired(cls, environment: Mapping[str, str], folder: Path) -> "Adapters":
        """Read the settings and the reports of the app's folder; raise an OutlastError that says what is wrong."""
        settings, host = read_settings(environment), HostSettings(environment, folder)
        cosmos = Cosmos(settings.cosmos_endpoint, settings.cosmos_key, settings.cosmos_database)
        account = settings.azure_storage_account_name
        staging = Staging(settings.staging_url, account)
        inputs = Staging(settings.inputs_url, account) if settings.inputs_url else None
        clock, in_thread = time.monotonic, ComputeThread().run
        documents, queries = CosmosAppDocuments(cosmos), CosmosQueries(cosmos)
        export = _export(settings.otel_exporter_otlp_endpoint, host.owner)
        transport = export.sampled(_transport(settings, cosmos))
        writer = _writer(transport, _controllers("write", settings, host, clock))
        runs = ObservedRuns(CosmosRuns(cosmos, _now), _now, export.watch)
        deadlines = Deadlines(host.function_timeout, clock)
        launcher = Launcher(settings.first_retry_seconds)
        seats = Seats(documents=documents, owner=host.owner, most=settings.max_runs)
        return cls(
            settings=settings,
            reports=load_reports(folder / "reports"),
            cosmos=cosmos,
            runs=runs,
            documents=documents,
            secret=AppSecret(documents),
            snapshots=CosmosSnapshots(cosmos, writer),
            staging=staging,
            inputs=inputs,
            files=InputFiles(
                staging,
                inputs or Staging(""),
                in_thread,
                QuerySource(queries, clock, asyncio.sleep),
                ConvertingChild(folder).pieces,
            ),
            queries=queries,
            writer=writer,
            reader=_writer(transport, _controllers("read", settings, host, clock)),
            mailer=mailer_of(settings),
            webhook=HttpWebhook(settings.webhook_url, settings.webhook_secret),
            links=Links(settings.link_secret, settings.public_url, settings.link_days, _now),
            deadlines=deadlines,
            gate=Gate(runs, deadlines),
            launcher=launcher,
            admission=Admission(runs=runs, seats=seats, launcher=launcher),
            patience=Patience(now=_now, timeout=host.function_timeout, slots=host.activity_slots),
            clock=clock,
            now=_now,
            new_id=lambda: uuid4().hex,
            sleep=asyncio.sleep,
            in_thread=in_thread,
            compute=Children(folder, deadlines.row_seconds, children_of(host.workers)),
            reading=ReadingChild(folder, settings.cosmos_endpoint, settings.cosmos_key, settings.cosmos_database),
            stopped=StoppedCode(staging, _now),
            export=export,
        )


def _export(endpoint: str, owner: str) -> Export:
    """Without an endpoint nothing of the export is loaded, which takes a third of a second."""
    if not endpoint:
        return NoExport()
    from outlast.open_telemetry.exporter import Exporter

    return Exporter.to(endpoint, owner)


def _transport(settings: Settings, cosmos: Cosmos) -> Transport:
    priority = Priority(settings.cosmos_priority, settings.cosmos_throughput_bucket)
    return BulkTransport(cosmos, priority) if settings.cosmos_writer == "bulk" else SdkTransport(cosmos, priority)


def _controllers(what: str, settings: Settings, host: HostSettings, clock: Callable[[], float]) -> RateControllers:
    """Only the workers of an instance with several share what they learn, where the system can lock files."""
    if host.workers == 1 or sys.platform == "win32":
        return RateControllers(clock)
    from outlast.cosmos.bulk.shared_rate_controller import shared_controllers

    scope = (what, settings.cosmos_endpoint, settings.cosmos_database)
    return shared_controllers(clock, Path(gettempdir()), scope, host.workers)


def _writer(transport: Transport, controllers: RateControllers) -> Writer:
    clock, sleep = controllers.clock, asyncio.sleep
    return Writer(transport=transport, clock=clock, sleep=sleep, jitter=random.random, controllers=controllers)


def mailer_of(settings: Settings) -> Mailer:
    addresses = Addresses(settings.mail_from, settings.mail_to)
    if settings.smtp_url:
        return SmtpMailer(SmtpServer.of_url(settings.smtp_url), addresses, asyncio.to_thread)
    return SendGridMailer(settings.sendgrid_api_key, settings.sendgrid_host, addresses, asyncio.to_thread)


def _now() -> datetime:
    return datetime.now(UTC)
