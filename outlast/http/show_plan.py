"""GET /api/runs/{run}/plan: what a planned run will store, what that costs and how long it takes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import azure.functions as func
import orjson

from outlast.errors import Permanent
from outlast.http.answers import answer
from outlast.http.known_run import known_run, refuse_removed
from outlast.http.problem import Problem, bad_request
from outlast.http.query import read_query
from outlast.http.ru_share import Throughput
from outlast.models import Json
from outlast.report import Report, known_report
from outlast.runs.prices import Prices
from outlast.runs.record import RunRecord
from outlast.runs.store import Runs
from outlast.staging.paths import plan_path
from outlast.staging.store import Staging

LEAST_RU, MOST_RU = 1.0, 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowPlan:
    runs: Runs
    staging: Staging
    reports: Mapping[str, Report[Any]]
    throughput: Throughput
    prices: Prices

    async def show_plan(self, req: func.HttpRequest) -> func.HttpResponse:
        """200 with the plan, 404 where the run has none (yet), 410 where its files were removed.

        `ru_per_second` is the throughput for which `minutes` is computed; without it, that of the container.
        """
        rate = _rate(read_query(req.params, ("ru_per_second",)).get("ru_per_second"))
        record = await known_run(self.runs, req.route_params["run"])
        refuse_removed(record)
        data = await self.staging.get(plan_path(record.resolved_folder)) if record.status.planned is not None else None
        if data is None:
            raise Problem(
                404, "Not Found", f"run {record.id} has no plan, or not yet; it is {record.status.state}", "run"
            )
        body = {"run": record.id, "state": record.status.state, **await self._shown(record, orjson.loads(data), rate)}
        return answer(body)

    async def _shown(self, record: RunRecord, plan: Json, rate: float | None) -> Json:
        rate = await self._provisioned(record) if rate is None else rate
        planned, approved = record.status.planned or {}, record.status.approved or {}
        return {
            **plan,
            "planned": planned.get("at"),
            "expires": planned.get("expires"),
            "approved": approved.get("at"),
            "ru_per_second": rate,
            "minutes": _minutes(plan["partitions"], rate) if plan["request_units"] is not None else None,
            "price": self.prices.of(plan["request_units"]),
        }

    async def _provisioned(self, record: RunRecord) -> float | None:
        """None where the throughput may not be read, as with a managed identity, or the container has none."""
        try:
            return await self.throughput(known_report(self.reports, record.request.report).container) or None
        except Permanent:
            return None


def _rate(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not LEAST_RU <= rate <= MOST_RU:
        raise bad_request(f"ru_per_second must be a number from {LEAST_RU:g} to {MOST_RU:g}", "ru_per_second")
    return rate


def _minutes(partitions: list[Json], rate: float | None) -> float | None:
    """The physical partitions have equal parts of the throughput, so the hottest one decides."""
    if not rate or not partitions:
        return None
    hottest = float(partitions[0]["request_units"])
    return round(hottest / (rate / len(partitions)) / 60, 2)
