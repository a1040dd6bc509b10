"""POST /api/reports/{report}: stages the input, records the run, starts it, and returns 202."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import azure.functions as func
import orjson

from outlast.http.problem import Problem
from outlast.http.ru_share import Throughput, check_ru_share
from outlast.http.start_once import StartOnce, fingerprint, read_key
from outlast.http.start_request import StartRequest, read_start_request
from outlast.report import Report
from outlast.runs.ids import run_of_key
from outlast.runs.record import RunRecord, RunRequest
from outlast.staging.store import Staging


@dataclass(frozen=True, slots=True)
class NewRuns:
    """Makes the record of a new run. `new_id` makes the id of one without a key."""

    max_parallel: int
    now: Callable[[], datetime]
    new_id: Callable[[], str]

    def make(self, report: Report[Any], asked: StartRequest, key: str | None) -> RunRecord:
        run = self.new_id() if key is None else run_of_key(report.name, key)
        mark = fingerprint(report.name, asked)
        request = RunRequest(
            body="body" if key is None else f"body.{mark[:16]}",
            fingerprint=mark,
            report=report.name,
            mode=report.mode,
            accepted=self.now().astimezone(UTC).isoformat(timespec="milliseconds"),
            format=asked.format.name,
            gzipped=asked.gzipped,
            filename=asked.options.filename,
            reference=asked.reference,
            reference_etag=asked.reference_etag,
            parameters=asked.parameters.model_dump(mode="json", by_alias=True),
            tolerated_rejects=asked.options.tolerated_rejects,
            tolerated_reject_percent=asked.options.tolerated_reject_percent,
            min_rows=report.min_rows if asked.options.min_rows is None else asked.options.min_rows,
            ru_share=asked.options.ru_share,
            max_parallel=asked.options.max_parallel or self.max_parallel,
        )
        return RunRecord(id=run, request=request)


@dataclass(frozen=True, slots=True)
class StartReport:
    """`inputs` is None where INPUTS_URL is not set. `throughput` reads the RU/s provisioned for a container."""

    reports: Mapping[str, Report[Any]]
    inputs: Staging | None
    new_runs: NewRuns
    start_once: StartOnce
    throughput: Throughput

    async def start_report(self, req: func.HttpRequest, client: Any) -> func.HttpResponse:
        """202 with the durable payload and `runUri`, for a repeat too; 4xx with a problem that names the field."""
        report, key = self._report(req.route_params["report"]), read_key(req)
        asked = await read_start_request(req, report, self.inputs)
        field = "ru_share" if asked.reference is None else "options.ru_share"
        await check_ru_share(asked.options.ru_share, report.container, field, self.throughput)
        record = self.new_runs.make(report, asked, key)
        if key is None or not await self.start_once.is_repeat(record, client):
            await self.start_once.accept(record, asked.body, client)
        return _with_run_uri(client.create_check_status_response(req, record.id), req.url, record.id)

    def _report(self, name: str) -> Report[Any]:
        if name not in self.reports:
            known = sorted(self.reports)
            text = f"there is no report {name[:100]}; there are: {', '.join(known)}"
            raise Problem(404, "Not Found", text, "report", reports=known)
        return self.reports[name]


def _with_run_uri(response: func.HttpResponse, url: str, run: str) -> func.HttpResponse:
    """The SDK's response with one more member."""
    api = url.split("?")[0].rstrip("/").rsplit("/", 2)[0]  # the host matches routes case-insensitively
    body = {**orjson.loads(response.get_body()), "runUri": f"{api}/runs/{run}"}
    return func.HttpResponse(orjson.dumps(body), status_code=response.status_code, headers=dict(response.headers))
