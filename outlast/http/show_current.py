"""GET /api/reports/{report}/current: the run whose documents are current, and the query that reads them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import azure.functions as func

from outlast.cosmos.snapshots.header import RUN, Header, Snapshots
from outlast.http.answers import Current, SqlParameter, answer
from outlast.http.problem import Problem
from outlast.http.query import read_query
from outlast.report import Report


@dataclass(frozen=True, slots=True)
class ShowCurrent:
    reports: Mapping[str, Report[Any]]
    snapshots: Snapshots

    async def show_current(self, req: func.HttpRequest) -> func.HttpResponse:
        """`{report, container, run, accepted, published, documents, query, parameters}`.

        404 when the report is missing, is no snapshot or has not been published.
        """
        read_query(req.params, ())
        report = self.reports.get(req.route_params["report"])
        if report is None or report.mode != "snapshot":
            raise Problem(404, "Not Found", f"there is no snapshot report {req.route_params['report']}", "report")
        header = await self.snapshots.header(report)
        if header is None:
            raise Problem(404, "Not Found", f"no run of {report.name} has been published yet", "report")
        return answer(_shown(report, header))


def _shown(report: Report[Any], header: Header) -> Current:
    return Current(
        report=report.name,
        container=report.container,
        run=header.current.run,
        accepted=header.current.accepted,
        published=header.published,
        documents=header.documents,
        query=f"SELECT * FROM c WHERE c.{RUN} = @run",
        parameters=[SqlParameter("@run", header.current.run)],
    )
