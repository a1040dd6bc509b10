"""What all ways to send operations to the database have in common."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, NamedTuple, Protocol

from azure.cosmos.aio import ContainerProxy
from azure.cosmos.exceptions import (
    CosmosBatchOperationError,
    CosmosHttpResponseError,
)

from outlast.cosmos.bulk.staged_document import Patch, StagedDocument
from outlast.cosmos.client import Cosmos
from outlast.cosmos.errors import ANY_ERROR, OWNER_MISSING, translate, translated
from outlast.errors import Permanent
from outlast.key_paths import KeyPaths

CONNECTION_LOST = 0
"""Status of an operation without an answer. It may have been applied, and is sent again: ids are deterministic."""

REPLACED, CREATED, DELETED = 200, 201, 204
UNCHANGED = 304
"""Status of an operation that had nothing to do: the document that it deletes is not there."""
WRITTEN = (REPLACED, CREATED, DELETED, UNCHANGED)
"""Statuses of an operation that is done."""
EXISTS = 409
"""Status of a create whose document is there already."""
DEPENDENT = 424
"""Status of an operation that was not done because another one of its batch failed."""
MISSING = (404, 0)
"""Status and substatus of an operation whose document is not there."""


@dataclass(frozen=True, slots=True)
class Result:
    """The result of one operation. `charge` is in request units; `retry_after` is in seconds and only set with 429."""

    status: int
    substatus: int = 0
    charge: float = 0.0
    retry_after: float = 0.0
    message: str = ""
    content: Mapping[str, Any] | None = None
    """The document, of an operation that reads it."""


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

    async def check_partition_key(self, container: str, key: KeyPaths) -> None:
        """Raise Permanent unless these paths are the container's partition key, Transient when no answer came."""
        ...

    async def throughput(self, container: str) -> float:
        """Return the provisioned RU/s. Raises Permanent when it may not be read, Transient when no answer came."""
        ...

    async def send(self, container: str, target: Target, documents: Sequence[StagedDocument]) -> list[Result]:
        """Do with documents of one target what they are staged for, and return a result for each.

        A status of the database never raises. A document that is to be deleted and is not there is UNCHANGED."""
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


async def write_alone(proxy: ContainerProxy, document: StagedDocument, keywords: Mapping[str, Any]) -> Result:
    """Write one document in a request of its own. The SDK does not say whether it is new, so the status is 201."""
    charge = 0.0

    def note(headers: Any, _: Any) -> None:
        nonlocal charge
        charge += float(headers.get("x-ms-request-charge", 0))

    if isinstance(document, Patch):
        found = await _patch_alone(proxy, document, {**keywords, "response_hook": note})
        return replace(found, charge=found.charge + charge)
    write = proxy.create_item if document.operation == "Create" else proxy.upsert_item
    await write(document.parsed(), response_hook=note, **keywords)
    return Result(CREATED, charge=charge)


async def _patch_alone(proxy: ContainerProxy, document: Patch, keywords: Mapping[str, Any]) -> Result:
    """Patch one document, each patch in a request of its own. The result has the charge of a refused one alone, because
    the hook of the keywords gets no refusal."""
    try:
        for name, operations in document.patches():
            await proxy.patch_item(name, document.key, operations, **keywords)
    except CosmosHttpResponseError as error:
        (found,) = for_each(error, 1)
        is_document_missing = (error.status_code, error.sub_status or 0) == MISSING
        return replace(found, substatus=0) if is_document_missing else found
    return Result(REPLACED)


def results_for(documents: Sequence[StagedDocument], results: Sequence[Result]) -> list[Result]:
    """Return what the results of a batch's operations mean for its documents."""
    if documents[0].operation == "Delete":
        return [Result(UNCHANGED, charge=r.charge) if (r.status, r.substatus) == MISSING else r for r in results]
    if len(results) > len(documents):
        rest = iter(results)
        return [_of_all(list(islice(rest, document.operations))) for document in documents]
    return list(results)


def _of_all(results: Sequence[Result]) -> Result:
    """The result of a document that took several operations. A failure that has a reason comes before 424."""
    failed = sorted((one for one in results if one.status not in WRITTEN), key=lambda one: one.status == DEPENDENT)
    return replace(failed[0] if failed else results[-1], charge=sum(one.charge for one in results))


def no_response(error: Exception) -> Result:
    """Return the result of an operation that got no answer."""
    return Result(CONNECTION_LOST, message=f"{type(error).__name__}: {error}")


def for_each(error: CosmosHttpResponseError, operations: int) -> list[Result]:
    """Return a result for each operation of a request that failed as a whole. Only the first carries the charge.

    What is missing, when a whole request gets 404, is the container.
    """
    status, substatus, wait = (
        error.status_code or 0,
        int(error.sub_status or 0),
        header(error, "x-ms-retry-after-ms") / 1000,
    )
    substatus = OWNER_MISSING if (status, substatus) == MISSING else substatus
    charge, text = header(error, "x-ms-request-charge"), str(error.http_error_message or "")
    first = Result(status, substatus, charge, wait, text)
    return [first, *[Result(status, substatus, 0.0, wait, text)] * (operations - 1)]


def header(error: CosmosHttpResponseError | CosmosBatchOperationError, name: str) -> float:
    """Return a number from the answer's headers, 0 when the header is missing."""
    headers: Any = error.headers
    return float((headers or {}).get(name) or 0)
