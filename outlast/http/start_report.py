"""POST /api/reports/{report}: stages the input, records the run, starts it, and returns 202."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import azure.functions as func
import orjson

from outlast.errors import Transient
from outlast.http.problem import Problem
from outlast.http.start_once import fingerprint, read_key, refuse_another, run_of, start, start_unless_started
from outlast.http.start_request import StartRequest, read_start_request
from outlast.report import Report
from outlast.runs.record import RunRecord
from outlast.runs.store import Runs
from outlast.staging.paths import body_path
from outlast.staging.store import Staging


@dataclass(frozen=True, slots=True)
class StartReport:
    """`inputs` is None when no inputs location is configured. `new_id` makes a run id."""

    reports: Mapping[str, Report[Any]]
    runs: Runs
    staging: Staging
    inputs: Staging | None
    max_parallel: int
    now: Callable[[], datetime]
    new_id: Callable[[], str]
    sleep: Callable[[float], Awaitable[None]]

    async def start_report(self, req: func.HttpRequest, client: Any) -> func.HttpResponse:
        """202 with the durable payload and `runUri`, also for a repeat; 4xx with a problem that names the field."""
        report, key = self._report(req.route_params["report"]), read_key(req)
        asked = await read_start_request(req, report, self.inputs)
        run = self.new_id() if key is None else run_of(report.name, key)
        mark = fingerprint(report.name, asked)
        record = self._record(run, report, asked, "body" if key is None else f"body.{mark[:16]}", mark)
        if key is None or not await self._is_repeat(record, client):
            await self._accept(record, asked, client)
        return _with_run_uri(client.create_check_status_response(req, run), req.url, run)

    async def _accept(self, record: RunRecord, asked: StartRequest, client: Any) -> None:
        """Stage the body, record the run, start it, in this order. The call that records the run also starts it."""
        if asked.body is not None:
            await self.staging.put(body_path(record.id, record.body), asked.body)
        if await self.runs.create(record):
            await start(client, record)
        elif not await self._is_repeat(record, client):
            raise Transient(f"the record of run {record.id} existed and is gone; post again")

    async def _is_repeat(self, record: RunRecord, client: Any) -> bool:
        """Whether the run was accepted before. Raises a Problem when another request was."""
        before = await self.runs.find(record.id)
        if before is None:
            return False
        refuse_another(before, record.fingerprint)
        await start_unless_started(client, before, self.sleep)
        return True

    def _report(self, name: str) -> Report[Any]:
        if name not in self.reports:
            known = sorted(self.reports)
            text = f"there is no report {name}; there are: {', '.join(known)}"
            raise Problem(404, "Not Found", text, "report", reports=known)
        return self.reports[name]

    def _record(self, run: str, report: Report[Any], asked: StartRequest, body: str, mark: str) -> RunRecord:
        return RunRecord(
            id=run,
            body=body,
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
            ru_share=asked.options.ru_share,
            max_parallel=asked.options.max_parallel or self.max_parallel,
        )


def _with_run_uri(response: func.HttpResponse, url: str, run: str) -> func.HttpResponse:
    """The SDK's response with one more member."""
    api = url.split("?")[0].rstrip("/").rsplit("/", 2)[0]  # the host matches routes case-insensitively
    body = {**orjson.loads(response.get_body()), "runUri": f"{api}/runs/{run}"}
    return func.HttpResponse(orjson.dumps(body), status_code=response.status_code, headers=dict(response.headers))
