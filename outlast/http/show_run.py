"""GET /api/runs/{run}: the record, the status of its orchestration, and each lane of the current wave."""

import asyncio
from dataclasses import dataclass
from typing import Any

import azure.functions as func

from outlast.http.answers import Lane, Orchestration, ShownRun, answer
from outlast.http.known_run import known_run
from outlast.http.query import read_query
from outlast.runs.instances import lanes_of
from outlast.runs.store import Runs


@dataclass(frozen=True, slots=True)
class ShowRun:
    runs: Runs

    async def show_run(self, req: func.HttpRequest, client: Any) -> func.HttpResponse:
        """`{run, status: {runtimeStatus, customStatus}, lanes: [{id, runtimeStatus, customStatus}]}`."""
        read_query(req.params, ())
        record = await known_run(self.runs, req.route_params["run"])
        status = await status_of(client, record.id)
        return answer(ShownRun(record.shown(), status, await _lanes(client, status)))


async def status_of(client: Any, instance: str) -> Orchestration:
    """Each member is null where there is no orchestration."""
    return Orchestration(*_shown(await client.get_status(instance)))


async def _lanes(client: Any, status: Orchestration) -> list[Lane]:
    """The lanes of the current wave. A lane that has not begun yet is left out."""
    ids = lanes_of(status.customStatus)
    found = await asyncio.gather(*(client.get_status(lane) for lane in ids))
    return [Lane(lane, *_shown(one)) for lane, one in zip(ids, found, strict=True) if one]


def _shown(status: Any) -> tuple[str | None, Any]:
    return (status.runtime_status.value, status.custom_status) if status else (None, None)
