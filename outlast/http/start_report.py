"""POST /api/reports/{report}: stages the input, records the run, starts it, and returns 202."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

import azure.functions as func

from outlast.cosmos.queries import BadQuery, Queries, Query
from outlast.cosmos.snapshots.header import Snapshots
from outlast.http.problem import Problem, bad_request
from outlast.http.ru_share import Throughput, check_ru_share
from outlast.http.start_answer import StartAnswers
from outlast.http.start_once import StartOnce, fingerprint, read_key, refuse_published, was_purged
from outlast.http.start_request import StartRequest, read_start_request
from outlast.models import MIRROR
from outlast.report import Report
from outlast.run_options import DRIFT
from outlast.runs.mirror_claims import MirrorClaims
from outlast.runs.record import RunRecord, RunRequest, RunResult, RunStatus
from outlast.staging.parsed import InThread
from outlast.staging.store import Staging
from outlast.wanted import wanted_of

Number = TypeVar("Number", int, float)


@dataclass(frozen=True, slots=True)
class NewRuns:
    """Makes the record of a new run. `new_id` makes the id of one without a key.

    Two requests at once with one key stage bodies of different names, so that the one that comes second can remove its
    own.
    """

    max_parallel: int
    now: Callable[[], datetime]
    new_id: Callable[[], str]
    owner: str = ""
    plan_days: float = 7.0

    def make(self, report: Report[Any], asked: StartRequest, run: str | None) -> RunRecord:
        """`run` is the id of a run with a key, None for one without."""
        mark = fingerprint(report.name, asked)
        request = RunRequest(
            body="body" if run is None else f"body.{self.new_id()}",
            fingerprint=mark,
            sha256=asked.digest,
            report=report.name,
            mode=report.mode,
            grouped=report.grouped,
            duplicates=report.duplicates,
            accepted=self.now().astimezone(UTC).isoformat(timespec="milliseconds"),
            format=asked.reading.format or "csv",
            gzipped=asked.reading.compression == "gzip",
            filename=asked.options.filename,
            reference=asked.reference,
            reference_etag=asked.reference_etag,
            parameters=asked.parameters.model_dump(mode="json", by_alias=True),
            tolerated_rejects=asked.options.tolerated_rejects,
            tolerated_reject_percent=asked.options.tolerated_reject_percent,
            min_rows=_first(asked.options.min_rows, report.min_rows),
            ru_share=asked.options.ru_share,
            query=asked.query.to_dict() if asked.query else None,
            read_ru_share=asked.options.read_ru_share,
            max_delete_percent=_first(asked.options.max_delete_percent, report.max_delete_percent),
            verify=asked.options.verify,
            repair=bool(asked.options.repair),
            label=asked.options.label,
            max_parallel=asked.options.max_parallel or self.max_parallel,
            several=asked.several,
            reading=asked.reading.said(),
            wanted=wanted_of(report.row).to_dict(),
            plan=report.plan_first if asked.options.plan is None else asked.options.plan,
            plan_days=asked.options.plan_days or self.plan_days,
            notify=asked.options.notify or report.notify,
        )
        result = RunResult(events=[{"at": request.accepted, "event": "accepted", "attempt": 1}])
        status = RunStatus(owner=self.owner, link_version=0 if run is None else int(self.now().timestamp()))
        return RunRecord(id=run or self.new_id(), request=request, status=status, result=result)


@dataclass(frozen=True, slots=True)
class RequestReader:
    """`inputs` is None where INPUTS_URL is not set. `in_thread` runs work that keeps a CPU busy."""

    reports: Mapping[str, Report[Any]]
    inputs: Staging | None
    in_thread: InThread

    def report(self, req: func.HttpRequest) -> Report[Any]:
        """The report that the request names. Raises a 404 Problem with the names of all."""
        name, known = req.route_params["report"], sorted(self.reports)
        if name not in self.reports:
            text = f"there is no report {name}; there are: {', '.join(known)}"
            raise Problem(404, "Not Found", text, "report", reports=known)
        return self.reports[name]

    async def read(self, req: func.HttpRequest, report: Report[Any]) -> StartRequest:
        return await read_start_request(req, report, self.inputs, self.in_thread)


@dataclass(frozen=True, slots=True)
class StartChecks:
    """What only the database can say of a start. `throughput` reads the RU/s provisioned for a container."""

    throughput: Throughput
    snapshots: Snapshots
    claims: MirrorClaims
    queries: Queries

    async def check_request(self, asked: StartRequest, report: Report[Any]) -> None:
        """Raise Problem for a `ru_share` that cannot be kept, for a `verify` that the report cannot have, and for a
        query that cannot be read."""
        within = "" if asked.reference is None and asked.query is None else "options."
        if asked.options.verify == DRIFT and report.mode != MIRROR:
            text = (
                f"drift is found for mirror reports alone, and the mode of {report.name} is {report.mode}; use content"
            )
            raise bad_request(text, f"{within}verify")
        await check_ru_share(asked.options.ru_share, report.container, f"{within}ru_share", self.throughput)
        if asked.query is not None:
            await self._check_query(asked.query, asked.options.read_ru_share)

    async def _check_query(self, query: Query, share: float | None) -> None:
        await check_ru_share(share, query.container, "options.read_ru_share", self.throughput)
        try:
            await self.queries.check(query)
        except BadQuery as error:
            raise bad_request(f"input.query.sql: {error}", "input.query.sql") from None

    async def check_new(self, report: Report[Any], record: RunRecord, key: str | None) -> None:
        """Raise Problem for a key whose removed run is still published, and for a mirror report of which another run
        is at work."""
        if key is not None:
            await refuse_published(self.snapshots, report, record.id)
        if report.mode != MIRROR:
            return
        if (first := await self.claims.take(report.name, record.id)) is not None:
            text = f"run {first} of {report.name} is at work; a mirror report has one run at a time: wait for its end"
            raise Problem(409, "Conflict", text, "report", run=first)


@dataclass(frozen=True, slots=True)
class StartReport:
    reader: RequestReader
    checks: StartChecks
    new_runs: NewRuns
    start_once: StartOnce
    answers: StartAnswers = field(default_factory=StartAnswers)

    async def start_report(self, req: func.HttpRequest, client: Any) -> func.HttpResponse:
        """202 with the addresses of the run, for a repeat too; 4xx with a problem that names the field.

        200 with the record for a repeat whose orchestration was purged: its durable URLs would be 404.
        """
        report, key = self.reader.report(req), read_key(req)
        asked = await self.reader.read(req, report)
        await self.checks.check_request(asked, report)
        meant = {} if key is None else await self.start_once.meant_by(key, report.name, asked)
        before = await self.start_once.find_repeated(meant, client)
        if before is not None and await was_purged(client, before):
            return self.answers.recorded(req, before)
        record = before or self.new_runs.make(report, asked, next(iter(meant), None))
        if before is None:
            await self.checks.check_new(report, record, key)
            await self.start_once.accept(record, asked.body, client)
        return self.answers.started(req, client, record, asked.options.durable_urls)


def _first(asked: Number | None, otherwise: Number) -> Number:
    """What the caller asked for, if anything."""
    return otherwise if asked is None else asked
