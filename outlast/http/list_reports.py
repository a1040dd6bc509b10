"""GET /api/reports: the reports that can be started, and the containers that they need."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import azure.functions as func
import orjson

from outlast.key_paths import KeyPaths
from outlast.models import RUNS_CONTAINER
from outlast.report import Report


@dataclass(frozen=True, slots=True)
class ListReports:
    reports: Mapping[str, Report[Any]]
    portal_url: str = ""

    async def list_reports(self, req: func.HttpRequest) -> func.HttpResponse:
        """`{reports: [{name, doc, container, partition_key, mode, row_schema, parameters_schema}], containers: […],
        portal}`; a container is `{name, partition_key}`. A hierarchical partition key is a list of paths. `portal` is
        the setting PORTAL_URL, null where it is not set."""
        body = {
            "reports": [_shown(report) for report in self.reports.values()],
            "containers": self._containers(),
            "portal": self.portal_url or None,
        }
        return func.HttpResponse(orjson.dumps(body), mimetype="application/json")

    def _containers(self) -> list[dict[str, Any]]:
        keys: dict[str, KeyPaths] = {RUNS_CONTAINER: "/id"}
        for report in self.reports.values():
            keys |= {report.container: report.partition_key, **report.reads}
        return [{"name": name, "partition_key": key} for name, key in keys.items()]


def _shown(report: Report[Any]) -> dict[str, Any]:
    return {
        "name": report.name,
        "doc": inspect.getdoc(report),
        "container": report.container,
        "partition_key": report.partition_key,
        "mode": report.mode,
        "row_schema": report.row.model_json_schema(),
        "parameters_schema": report.parameters.model_json_schema(),
    }
