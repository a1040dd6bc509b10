"""How operations reach the database: by the SDK's public calls, a batch of one partition key at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import orjson
from aiohttp import ClientError
from azure.core.exceptions import AzureError
from azure.cosmos.aio import ContainerProxy
from azure.cosmos.exceptions import CosmosBatchOperationError, CosmosHttpResponseError

from outlast.cosmos.client import Cosmos
from outlast.cosmos.line import Line

CONNECTION_LOST = 0
"""Status of an operation without an answer: it may have been applied, and is sent again, for ids are deterministic."""
BATCH_DOCUMENT_BYTES = 1024 * 1024
"""A document beyond this goes alone and outside a batch, whose envelope would pass the limit of 2 MB a request."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one operation. `charge` in request units; `retry_after` in seconds, only with 429."""

    status: int
    substatus: int = 0
    charge: float = 0.0
    retry_after: float = 0.0
    message: str = ""


class Transport(Protocol):
    async def send(self, container: str, lines: Sequence[Line]) -> list[Result]:
        """Upsert documents of one partition key and answer for each; never raises for what the database answers."""
        ...


class SdkTransport:
    """`execute_item_batch`: all or nothing, so one refused document comes back as 424 for its neighbours."""

    def __init__(self, cosmos: Cosmos) -> None:
        self._cosmos = cosmos

    async def send(self, container: str, lines: Sequence[Line]) -> list[Result]:
        proxy = (await self._cosmos.writing()).get_container_client(container)
        try:
            if len(lines[0].document) > BATCH_DOCUMENT_BYTES:
                return [await _upsert(proxy, lines[0])]
            return await _batch(proxy, lines)
        except CosmosBatchOperationError as error:
            return [_operation(answer, error) for answer in error.operation_responses]
        except CosmosHttpResponseError as error:
            return _whole(error, len(lines))
        except (AzureError, ClientError, TimeoutError, ConnectionError) as error:
            return [Result(CONNECTION_LOST, message=f"{type(error).__name__}: {error}")] * len(lines)


async def _batch(proxy: ContainerProxy, lines: Sequence[Line]) -> list[Result]:
    operations = [("upsert", (line.parsed(),)) for line in lines]
    answers = await proxy.execute_item_batch(operations, orjson.loads(lines[0].partition_key))
    return [Result(int(a["statusCode"]), charge=float(a.get("requestCharge", 0))) for a in answers]


async def _upsert(proxy: ContainerProxy, line: Line) -> Result:
    charge = 0.0

    def note(headers: Any, _: Any) -> None:
        nonlocal charge
        charge = float(headers.get("x-ms-request-charge", 0))

    await proxy.upsert_item(line.parsed(), response_hook=note)
    return Result(201, charge=charge)


def _operation(answer: dict[str, Any], error: CosmosBatchOperationError) -> Result:
    status = int(answer["statusCode"])
    wait = answer.get("retryAfterMilliseconds") or _header(error, "x-ms-retry-after-ms")
    return Result(
        status, int(answer.get("subStatusCode") or 0), float(answer.get("requestCharge") or 0), float(wait) / 1000,
        str(error.http_error_message or ""),
    )  # fmt: skip


def _whole(error: CosmosHttpResponseError, operations: int) -> list[Result]:
    """An answer to the request as a whole stands for each of its operations; its charge is told once."""
    status, substatus, wait = (
        error.status_code or 0,
        int(error.sub_status or 0),
        _header(error, "x-ms-retry-after-ms") / 1000,
    )
    charge, text = _header(error, "x-ms-request-charge"), str(error.http_error_message or "")
    first = Result(status, substatus, charge, wait, text)
    return [first, *[Result(status, substatus, 0.0, wait, text)] * (operations - 1)]


def _header(error: CosmosHttpResponseError | CosmosBatchOperationError, name: str) -> float:
    headers: Any = error.headers
    return float((headers or {}).get(name) or 0)
