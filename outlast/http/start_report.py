"""POST /api/reports/{report}: takes the input, records the run, starts it, and answers 202 at once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import azure.functions as func
import orjson

from outlast.errors import Transient
from outlast.http.problem import Problem
from outlast.http.start_request import StartRequest, read_start_request
from outlast.report import Report
from outlast.runs import RunRecord, Runs
from outlast.staging import Staging, body_path


@dataclass(frozen=True, slots=True)
class StartReport:
    """`inputs` is None where no inputs place is configured; `new_id` makes a run id."""

    reports: Mapping[str, Report[Any]]
    runs: Runs
    staging: Staging
    inputs: Staging | None
    max_parallel: int
    now: Callable[[], datetime]
    new_id: Callable[[], str]

    async def start_report(self, req: func.HttpRequest, client: Any) -> func.HttpResponse:
        """202 with the durable payload and `runUri`; 4xx with a problem that names the field."""
        report = self._report(req.route_params["report"])
        asked = await read_start_request(req, report, self.inputs)
        record = self._record(report.name, asked)
        if asked.body is not None:
            await self.staging.put(body_path(record.id), asked.body)
        await self.runs.create(record)
        await _start(client, record)
        return _with_run_uri(client.create_check_status_response(req, record.id), req.url, record.id)

    def _report(self, name: str) -> Report[Any]:
        if name not in self.reports:
            known = sorted(self.reports)
            text = f"there is no report {name}; there are: {', '.join(known)}"
            raise Problem(404, "Not Found", text, "report", reports=known)
        return self.reports[name]

    def _record(self, report: str, asked: StartRequest) -> RunRecord:
        return RunRecord(
            id=self.new_id(),
            report=report,
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


async def _start(client: Any, record: RunRecord) -> None:
    try:
        await client.start_new("import_report", record.id, {"attempt": record.attempt})
    except Exception as error:  # the SDK raises nothing narrower
        raise Transient(f"run {record.id} was recorded, but its orchestration did not start; post again") from error


def _with_run_uri(response: func.HttpResponse, url: str, run: str) -> func.HttpResponse:
    """The SDK's own answer with one member more."""
    api = url.split("?")[0].rstrip("/").rsplit("/", 2)[0]  # the host matches routes in any case
    body = {**orjson.loads(response.get_body()), "runUri": f"{api}/runs/{run}"}
    return func.HttpResponse(orjson.dumps(body), status_code=response.status_code, headers=dict(response.headers))
