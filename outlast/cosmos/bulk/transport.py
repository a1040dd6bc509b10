"""What all ways to send operations to the database have in common."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from azure.cosmos.aio import ContainerProxy
from azure.cosmos.exceptions import CosmosBatchOperationError, CosmosHttpResponseError

from outlast.cosmos.bulk.staged_document import StagedDocument
from outlast.cosmos.client import Cosmos
from outlast.cosmos.errors import ANY_ERROR, translate, translated
from outlast.errors import Permanent

CONNECTION_LOST = 0
"""Status of an operation without an answer. It may have been applied, and is sent again: ids are deterministic."""

REPLACED, CREATED, DELETED = 200, 201, 204
WRITTEN = (REPLACED, CREATED, DELETED)
"""Statuses of an operation that is done."""


@dataclass(frozen=True, slots=True)
class Result:
    """The result of one operation. `charge` is in request units; `retry_after` is in seconds and only set with 429."""

    status: int
    substatus: int = 0
    charge: float = 0.0
    retry_after: float = 0.0
    message: str = ""


BATCH_DOCUMENT_BYTES = 1024 * 1024
"""A larger document is sent alone and outside a batch, because a batch with it would exceed 2 MB a request."""


class Target(NamedTuple):
    """Where a document goes."""

    batch: str
    """Operations with the same value may share a request."""
    partition: str
    """Operations with the same value share request units."""


class Route(Protocol):
    """Where documents go, as one reading of the container found it."""

    def targets(self, documents: Sequence[StagedDocument]) -> list[Target]:
        """Return the target of each document, in their order."""
        ...


class Transport(Protocol):
    async def route(self, container: str, stale: Route | None = None) -> Route | Result:
        """Return a route other than the `stale` one, or the database's answer that prevented it."""
        ...

    async def check_partition_key(self, container: str, path: str) -> None:
        """Raise Permanent unless this path is the container's partition key, Transient when no answer came."""
        ...

    async def throughput(self, container: str) -> float:
        """Return the provisioned RU/s. Raises Permanent when it may not be read, Transient when no answer came."""
        ...

    async def send(self, container: str, target: Target, documents: Sequence[StagedDocument]) -> list[Result]:
        """Upsert or delete documents of one target and return a result for each.

        A status of the database never raises. A document that is to be deleted and is not there is deleted."""
        ...


@dataclass(frozen=True, slots=True)
class Priority:
    """How the service ranks these writes against others: by a level, `High` or `Low`, and a throughput bucket."""

    level: str | None = None
    bucket: int | None = None

    def options(self) -> dict[str, Any]:
        """Return the options of a request inside the SDK."""
        given = {"priorityLevel": self.level, "throughputBucket": self.bucket}
        return {name: value for name, value in given.items() if value is not None}

    def keywords(self) -> dict[str, Any]:
        """Return the keywords of the SDK's public calls."""
        given = {"priority": self.level, "throughput_bucket": self.bucket}
        return {name: value for name, value in given.items() if value is not None}


NO_PRIORITY = Priority()


async def read_throughput(proxy: ContainerProxy) -> float:
    """Return the RU/s provisioned for the container. Data-plane roles cannot read them."""
    try:
        found = await proxy.get_throughput()
    except ANY_ERROR as error:
        if isinstance(error, CosmosHttpResponseError) and error.status_code in (401, 403, 404):
            raise Permanent(
                f"the throughput of {proxy.id} cannot be read ({error.status_code}), so ru_share cannot be a "
                "fraction of it; give ru_share in RU/s, a number above 1"
            ) from error
        raise translate(error, f"the throughput of {proxy.id}", proxy.id) from error
    return float(found.auto_scale_max_throughput or found.offer_throughput or 0)


class KnownProperties:
    """The properties of containers. A process reads those of a container once."""

    def __init__(self, cosmos: Cosmos) -> None:
        self._cosmos = cosmos
        self._known: dict[str, Mapping[str, Any]] = {}

    async def get(self, container: str) -> Mapping[str, Any]:
        if container not in self._known:
            proxy = (await self._cosmos.database()).get_container_client(container)
            with translated(f"the container {container}", container):
                self._known[container] = await proxy.read()
        return self._known[container]

    def learn(self, container: str, properties: Mapping[str, Any]) -> None:
        """Keep newer properties that were read for another reason."""
        self._known[container] = properties


async def upsert(proxy: ContainerProxy, document: StagedDocument, keywords: Mapping[str, Any]) -> Result:
    """Write one document in a request of its own. The SDK does not say whether it is new, so the status is 201."""
    charge = 0.0

    def note(headers: Any, _: Any) -> None:
        nonlocal charge
        charge = float(headers.get("x-ms-request-charge", 0))

    await proxy.upsert_item(document.parsed(), response_hook=note, **keywords)
    return Result(CREATED, charge=charge)


def deleted(results: Sequence[Result]) -> list[Result]:
    """Return the results of deletions. A document that is gone already is deleted."""
    return [Result(DELETED, charge=r.charge) if (r.status, r.substatus) == (404, 0) else r for r in results]


def no_response(error: Exception) -> Result:
    """Return the result of an operation that got no answer."""
    return Result(CONNECTION_LOST, message=f"{type(error).__name__}: {error}")


def for_each(error: CosmosHttpResponseError, operations: int) -> list[Result]:
    """Return a result for each operation of a request that failed as a whole. Only the first carries the charge."""
    status, substatus, wait = (
        error.status_code or 0,
        int(error.sub_status or 0),
        header(error, "x-ms-retry-after-ms") / 1000,
    )
    charge, text = header(error, "x-ms-request-charge"), str(error.http_error_message or "")
    first = Result(status, substatus, charge, wait, text)
    return [first, *[Result(status, substatus, 0.0, wait, text)] * (operations - 1)]


def header(error: CosmosHttpResponseError | CosmosBatchOperationError, name: str) -> float:
    """Return a number from the answer's headers, 0 when the header is missing."""
    headers: Any = error.headers
    return float((headers or {}).get(name) or 0)
