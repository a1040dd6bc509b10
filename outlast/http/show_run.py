"""GET /api/runs/{run}: the record, the status of its orchestration, and each lane of the current wave."""

import asyncio
from dataclasses import dataclass
from typing import Any

import azure.functions as func
import orjson

from outlast.http.known_run import known_run
from outlast.runs.instances import lanes_of
from outlast.runs.store import Runs


@dataclass(frozen=True, slots=True)
class ShowRun:
    runs: Runs

    async def show_run(self, req: func.HttpRequest, client: Any) -> func.HttpResponse:
        """`{run, status: {runtimeStatus, customStatus}, lanes: [{id, runtimeStatus, customStatus}]}`."""
        record = await known_run(self.runs, req.route_params["run"])
        status = await status_of(client, record.id)
        body = {"run": record.shown(), "status": status, "lanes": await _lanes(client, status)}
        return func.HttpResponse(orjson.dumps(body), mimetype="application/json")


async def status_of(client: Any, instance: str) -> dict[str, Any]:
    """`{runtimeStatus, customStatus}`, each null where there is no orchestration."""
    return _shown(await client.get_status(instance))


async def _lanes(client: Any, status: dict[str, Any]) -> list[dict[str, Any]]:
    """The lanes of the current wave. A lane that has not begun yet is left out."""
    ids = lanes_of(status["customStatus"])
    found = await asyncio.gather(*(client.get_status(lane) for lane in ids))
    return [{"id": lane, **_shown(one)} for lane, one in zip(ids, found, strict=True) if one]


def _shown(status: Any) -> dict[str, Any]:
    if not status:
        return {"runtimeStatus": None, "customStatus": None}
    return {"runtimeStatus": status.runtime_status.value, "customStatus": status.custom_status}
