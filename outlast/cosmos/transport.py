"""How operations reach the database: what every way has in common, and the way by the SDK's public calls."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import orjson
from aiohttp import ClientError
from azure.core.exceptions import AzureError
from azure.cosmos.aio import ContainerProxy
from azure.cosmos.exceptions import CosmosBatchOperationError, CosmosHttpResponseError

from outlast.cosmos.client import Cosmos
from outlast.cosmos.line import Line
from outlast.errors import Permanent, Transient

CONNECTION_LOST = 0
"""Status of an operation without an answer: it may have been applied, and is sent again, for ids are deterministic."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one operation. `charge` in request units; `retry_after` in seconds, only with 429."""

    status: int
    substatus: int = 0
    charge: float = 0.0
    retry_after: float = 0.0
    message: str = ""


BATCH_DOCUMENT_BYTES = 1024 * 1024
"""A document beyond this goes alone and outside a batch, whose envelope would pass the limit of 2 MB a request."""


class Place(NamedTuple):
    """Where a document goes: operations of the same `batch` may share a request, and of the same `pace` share request
    units."""

    batch: str
    pace: str


class Route(Protocol):
    """Where documents go, as of one reading of the container."""

    def places(self, lines: Sequence[Line]) -> list[Place]:
        """Of each line its own."""
        ...


class Transport(Protocol):
    async def route(self, container: str, stale: Route | None = None) -> Route | Result:
        """A route other than the `stale` one; or the answer of the database that stood in the way."""
        ...

    async def throughput(self, container: str) -> float:
        """The RU/s provisioned; raises Permanent where it may not be read, Transient where it could not."""
        ...

    async def send(self, container: str, place: Place, lines: Sequence[Line]) -> list[Result]:
        """Upsert documents of one place and answer for each; never raises for what the database answers."""
        ...


@dataclass(frozen=True, slots=True)
class Priority:
    """How the service shall rank these writes against others: a level, `High` or `Low`, and a throughput bucket."""

    level: str | None = None
    bucket: int | None = None

    def options(self) -> dict[str, Any]:
        """As options of a request inside the SDK."""
        given = {"priorityLevel": self.level, "throughputBucket": self.bucket}
        return {name: value for name, value in given.items() if value is not None}

    def keywords(self) -> dict[str, Any]:
        """As keywords of the SDK's public calls."""
        given = {"priority": self.level, "throughput_bucket": self.bucket}
        return {name: value for name, value in given.items() if value is not None}


NO_PRIORITY = Priority()


class KeyRoute:
    """By partition key. Request units are budgeted by physical partition, and a partition is a stretch of the hash
    space; its first byte has 64 values: fine enough that a hot partition does not hold up the others."""

    def places(self, lines: Sequence[Line]) -> list[Place]:
        return [Place(line.partition_key.decode(), line.effective_partition_key[:2].decode()) for line in lines]


class SdkTransport:
    """`execute_item_batch`: all or nothing, so one refused document comes back as 424 for its neighbours."""

    def __init__(self, cosmos: Cosmos, priority: Priority = NO_PRIORITY) -> None:
        self._cosmos = cosmos
        self._keywords = priority.keywords()

    async def route(self, container: str, stale: Route | None = None) -> Route | Result:
        return KeyRoute()

    async def throughput(self, container: str) -> float:
        return await read_throughput((await self._cosmos.database()).get_container_client(container))

    async def send(self, container: str, place: Place, lines: Sequence[Line]) -> list[Result]:
        proxy = (await self._cosmos.writing()).get_container_client(container)
        try:
            if len(lines[0].document) > BATCH_DOCUMENT_BYTES:
                return [await upsert(proxy, lines[0], self._keywords)]
            return await self._batch(proxy, lines)
        except CosmosBatchOperationError as error:
            return [_operation(answer, error) for answer in error.operation_responses]
        except CosmosHttpResponseError as error:
            return whole(error, len(lines))
        except (AzureError, ClientError, TimeoutError, ConnectionError) as error:
            return [lost(error)] * len(lines)

    async def _batch(self, proxy: ContainerProxy, lines: Sequence[Line]) -> list[Result]:
        operations = [("upsert", (line.parsed(),)) for line in lines]
        key = orjson.loads(lines[0].partition_key)
        answers = await proxy.execute_item_batch(operations, key, **self._keywords)
        return [Result(int(a["statusCode"]), charge=float(a.get("requestCharge", 0))) for a in answers]


async def read_throughput(proxy: ContainerProxy) -> float:
    """What is provisioned for the container. Data-plane roles cannot read it: then a fraction has no meaning."""
    try:
        found = await proxy.get_throughput()
    except CosmosHttpResponseError as error:
        if error.status_code in (401, 403, 404):
            raise Permanent(
                f"the throughput of {proxy.id} cannot be read ({error.status_code}), so ru_share cannot be a "
                "fraction of it; give ru_share in RU/s, a number above 1"
            ) from error
        raise Transient(f"the database answered {error.status_code} for the throughput of {proxy.id}") from error
    except (AzureError, ClientError, TimeoutError, ConnectionError) as error:
        raise Transient(f"the database gave no answer for the throughput of {proxy.id}") from error
    return float(found.auto_scale_max_throughput or found.offer_throughput or 0)


async def upsert(proxy: ContainerProxy, line: Line, keywords: Mapping[str, Any]) -> Result:
    """One document in a request of its own. The SDK does not tell whether it was there before: 201 either way."""
    charge = 0.0

    def note(headers: Any, _: Any) -> None:
        nonlocal charge
        charge = float(headers.get("x-ms-request-charge", 0))

    await proxy.upsert_item(line.parsed(), response_hook=note, **keywords)
    return Result(201, charge=charge)


def lost(error: Exception) -> Result:
    """No answer came."""
    return Result(CONNECTION_LOST, message=f"{type(error).__name__}: {error}")


def _operation(answer: dict[str, Any], error: CosmosBatchOperationError) -> Result:
    status = int(answer["statusCode"])
    wait = answer.get("retryAfterMilliseconds") or _header(error, "x-ms-retry-after-ms")
    return Result(
        status, int(answer.get("subStatusCode") or 0), float(answer.get("requestCharge") or 0), float(wait) / 1000,
        str(error.http_error_message or ""),
    )  # fmt: skip


def whole(error: CosmosHttpResponseError, operations: int) -> list[Result]:
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
