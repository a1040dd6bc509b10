"""Requests as the Functions host hands them over, and the durable client that it binds."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import azure.functions as func
import orjson
from azure.durable_functions import DurableOrchestrationClient
from azure.durable_functions.models.DurableOrchestrationStatus import DurableOrchestrationStatus
from azure.durable_functions.models.PurgeHistoryResult import PurgeHistoryResult

ORIGIN = "https://app.example"
_INSTANCE = "http://localhost/runtime/webhooks/durabletask/instances/ID"
_LINKS = {
    "id": "ID",
    "statusQueryGetUri": f"{_INSTANCE}?code=k",
    "terminatePostUri": f"{_INSTANCE}/terminate?reason={{text}}&code=k",
}
_BINDING = {"taskHubName": "Outlast", "creationUrls": {}, "managementUrls": _LINKS, "rpcBaseUrl": "http://localhost/"}


def ask(
    path: str,
    body: bytes = b"",
    content_type: str | None = None,
    params: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
    **route: str,
) -> func.HttpRequest:
    """Return a request to `/api/{path}`."""
    url = f"{ORIGIN}/api/{path}" + (f"?{urlencode(params)}" if params else "")
    sent = {**({"Content-Type": content_type} if content_type else {}), **(headers or {})}
    method = "POST" if body or content_type else "GET"
    return func.HttpRequest(method, url, headers=sent, params=params, route_params=route, body=body)


def finish(work: Awaitable[func.HttpResponse]) -> func.HttpResponse:
    """Return the answer of a handler."""

    async def wait() -> func.HttpResponse:
        return await work

    return asyncio.run(wait())


def read(response: func.HttpResponse) -> Any:
    """Return the JSON of an answer."""
    return orjson.loads(response.get_body())


@dataclass
class FakeClient(DurableOrchestrationClient):  # type: ignore[misc]  # the SDK ships no types
    """The SDK's own client, which keeps starts instead of sending them and returns the statuses in `shown`."""

    started: list[tuple[str, str, Any]] = field(default_factory=list)
    shown: dict[str, dict[str, Any]] = field(default_factory=dict)
    error: Exception | None = None
    raised: list[tuple[str, str]] = field(default_factory=list)
    when_asked: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        super().__init__(orjson.dumps(_BINDING).decode())

    async def start_new(  # the SDK's parameters
        self, orchestration_function_name: str, instance_id: str = "", client_input: Any = None, version: Any = None
    ) -> str:
        if self.error is not None:
            raise self.error
        if self.shown.get(instance_id, {}).get("runtimeStatus") in ("Running", "Pending", "Suspended"):
            raise RuntimeError("An Orchestration instance with the status Running already exists.")
        self.shown[instance_id] = {"runtimeStatus": "Running", "input": orjson.dumps(client_input).decode()}
        self.started.append((orchestration_function_name, instance_id, client_input))
        return instance_id

    async def get_status(self, instance_id: str, *_: Any, **__: Any) -> DurableOrchestrationStatus:
        self.when_asked()
        if instance_id not in self.shown:
            return DurableOrchestrationStatus()
        about = {"instanceId": instance_id, "createdTime": "2026-01-01T00:00:00Z", "runtimeStatus": "Running"}
        return DurableOrchestrationStatus.from_json(about | self.shown[instance_id])

    async def raise_event(self, instance_id: str, event_name: str, event_data: Any = None, *_: Any, **__: Any) -> None:
        self.raised.append((instance_id, event_name))

    async def purge_instance_history(self, instance_id: str) -> PurgeHistoryResult:
        if self.error is not None:
            raise self.error
        if self.shown.get(instance_id, {}).get("runtimeStatus") in ("Running", "Pending", "Suspended"):
            raise RuntimeError("The operation failed with an unexpected status code 412")
        return PurgeHistoryResult(instancesDeleted=int(self.shown.pop(instance_id, None) is not None))

    async def terminate(self, instance_id: str, reason: str) -> None:
        self.shown[instance_id] = self.shown[instance_id] | {"runtimeStatus": "Terminated", "output": reason}
