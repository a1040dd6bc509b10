"""GET /api/reports: the reports that can be started, and the containers that they need."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import azure.functions as func

from outlast.http.answers import Reports, ShownContainer, ShownReport, answer
from outlast.http.query import read_query
from outlast.key_paths import KeyPaths
from outlast.models import RUNS_CONTAINER
from outlast.report import Report


@dataclass(frozen=True, slots=True)
class ListReports:
    reports: Mapping[str, Report[Any]]
    portal_url: str = ""

    async def list_reports(self, req: func.HttpRequest) -> func.HttpResponse:
        """The reports, the containers that they need, and the setting PORTAL_URL, null where it is not set. A
        hierarchical partition key is a list of paths."""
        read_query(req.params, ())
        reports = [_shown(report) for report in self.reports.values()]
        return answer(Reports(reports, self._containers(), self.portal_url or None))

    def _containers(self) -> list[ShownContainer]:
        keys: dict[str, KeyPaths] = {RUNS_CONTAINER: "/id"}
        for report in self.reports.values():
            keys |= {report.container: report.partition_key, **report.reads}
        return [ShownContainer(name, as_shown(key)) for name, key in keys.items()]


def _shown(report: Report[Any]) -> ShownReport:
    return ShownReport(
        name=report.name,
        doc=inspect.getdoc(report),
        container=report.container,
        partition_key=as_shown(report.partition_key),
        mode=report.mode,
        row_schema=report.row.model_json_schema(),
        parameters_schema=report.parameters.model_json_schema(),
    )


def as_shown(key: KeyPaths) -> str | list[str]:
    """A hierarchical key as a list, which is what JSON has."""
    return key if isinstance(key, str) else list(key)
