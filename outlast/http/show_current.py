"""GET /api/reports/{report}/current: the run whose documents are current, and the query that reads them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import azure.functions as func
import orjson

from outlast.cosmos.snapshots.header import RUN, Header, Snapshots
from outlast.http.problem import Problem
from outlast.report import Report


@dataclass(frozen=True, slots=True)
class ShowCurrent:
    reports: Mapping[str, Report[Any]]
    snapshots: Snapshots

    async def show_current(self, req: func.HttpRequest) -> func.HttpResponse:
        """`{report, container, run, accepted, published, documents, query, parameters}`.

        404 when the report is missing, is no snapshot or has not been published.
        """
        report = self.reports.get(req.route_params["report"])
        if report is None or report.mode != "snapshot":
            raise Problem(404, "Not Found", f"there is no snapshot report {req.route_params['report']}", "report")
        header = await self.snapshots.header(report)
        if header is None:
            raise Problem(404, "Not Found", f"no run of {report.name} has been published yet", "report")
        return func.HttpResponse(orjson.dumps(_shown(report, header)), mimetype="application/json")


def _shown(report: Report[Any], header: Header) -> dict[str, Any]:
    return {
        "report": report.name,
        "container": report.container,
        "run": header.current.run,
        "accepted": header.current.accepted,
        "published": header.published,
        "documents": header.documents,
        "query": f"SELECT * FROM c WHERE c.{RUN} = @run",
        "parameters": [{"name": "@run", "value": header.current.run}],
    }
