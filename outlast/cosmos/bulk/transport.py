"""How operations reach the database: what every way has in common."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from aiohttp import ClientError
from azure.core.exceptions import AzureError
from azure.cosmos.aio import ContainerProxy
from azure.cosmos.exceptions import CosmosBatchOperationError, CosmosHttpResponseError

from outlast.cosmos.bulk.staged_document import StagedDocument
from outlast.errors import Permanent, Transient

OK = (200, 201)
"""Statuses of an operation that was applied: replaced, created."""
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


class Target(NamedTuple):
    """Where a document goes: operations of the same `group` may share a request, and operations of the same `budget`
    share request units."""

    group: str
    budget: str


class Route(Protocol):
    """Where documents go, as of one reading of the container."""

    def targets(self, lines: Sequence[StagedDocument]) -> list[Target]:
        """Of each line its own."""
        ...


class Transport(Protocol):
    async def route(self, container: str, stale: Route | None = None) -> Route | Result:
        """A route other than the `stale` one; or the answer of the database that stood in the way."""
        ...

    async def throughput(self, container: str) -> float:
        """The RU/s provisioned; raises Permanent where it may not be read, Transient where it could not."""
        ...

    async def send(self, container: str, target: Target, lines: Sequence[StagedDocument]) -> list[Result]:
        """Upsert documents of one target and answer for each; never raises for what the database answers."""
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


async def upsert(proxy: ContainerProxy, line: StagedDocument, keywords: Mapping[str, Any]) -> Result:
    """One document in a request of its own. The SDK does not tell whether it was there before: 201 either way."""
    charge = 0.0

    def note(headers: Any, _: Any) -> None:
        nonlocal charge
        charge = float(headers.get("x-ms-request-charge", 0))

    await proxy.upsert_item(line.parsed(), response_hook=note, **keywords)
    return Result(201, charge=charge)


def no_response(error: Exception) -> Result:
    """No answer came."""
    return Result(CONNECTION_LOST, message=f"{type(error).__name__}: {error}")


def for_each(error: CosmosHttpResponseError, operations: int) -> list[Result]:
    """An answer to the request as a whole stands for each of its operations; its charge is told once."""
    status, substatus, wait = (
        error.status_code or 0,
        int(error.sub_status or 0),
        header(error, "x-ms-retry-after-ms") / 1000,
    )
    charge, text = header(error, "x-ms-request-charge"), str(error.http_error_message or "")
    first = Result(status, substatus, charge, wait, text)
    return [first, *[Result(status, substatus, 0.0, wait, text)] * (operations - 1)]


def header(error: CosmosHttpResponseError | CosmosBatchOperationError, name: str) -> float:
    """A number in the answer's headers; 0 where it is missing."""
    headers: Any = error.headers
    return float((headers or {}).get(name) or 0)
