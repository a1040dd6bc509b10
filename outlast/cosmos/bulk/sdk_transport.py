"""Sends operations by the SDK's public calls."""

from collections.abc import Sequence
from typing import Any

from azure.cosmos.aio import ContainerProxy
from azure.cosmos.exceptions import CosmosBatchOperationError, CosmosHttpResponseError

from outlast.cosmos.bulk.staged_document import Named, Patch, StagedDocument
from outlast.cosmos.bulk.transport import (
    BATCH_DOCUMENT_BYTES,
    NO_PRIORITY,
    KnownProperties,
    Priority,
    Result,
    Route,
    Target,
    for_each,
    header,
    no_response,
    read_throughput,
    results_for,
    write_alone,
)
from outlast.cosmos.client import Cosmos
from outlast.cosmos.errors import ANY_ERROR
from outlast.cosmos.partition_key import check_partition_key
from outlast.key_paths import KeyPaths


class KeyRoute:
    """Batches by partition key. The first byte of the hash stands for the partition.

    A physical partition is a stretch of the hash space. The byte has 64 values, enough that a hot partition does not
    delay the others."""

    def targets(self, documents: Sequence[StagedDocument]) -> list[Target]:
        return [
            Target(document.partition_key.decode(), document.effective_partition_key[:2].decode())
            for document in documents
        ]


class SdkTransport:
    """Uses `execute_item_batch`, which writes all or nothing: one refused document makes the others return 424."""

    def __init__(self, cosmos: Cosmos, priority: Priority = NO_PRIORITY) -> None:
        self._cosmos = cosmos
        self._properties = KnownProperties(cosmos)
        self._keywords = priority.keywords()

    async def route(self, container: str, stale: Route | None = None) -> Route | Result:
        return KeyRoute()

    async def check_partition_key(self, container: str, key: KeyPaths) -> None:
        check_partition_key(await self._properties.get(container), key)

    async def throughput(self, container: str) -> float:
        return await read_throughput((await self._cosmos.database()).get_container_client(container))

    async def send(self, container: str, target: Target, documents: Sequence[StagedDocument]) -> list[Result]:
        proxy = (await self._cosmos.writing()).get_container_client(container)
        try:
            if len(documents[0].body) > BATCH_DOCUMENT_BYTES:
                return [await write_alone(proxy, documents[0], self._keywords)]
            return await self._batch(proxy, documents)
        except CosmosBatchOperationError as error:
            return results_for(documents, [_operation(answer, error) for answer in error.operation_responses])
        except CosmosHttpResponseError as error:
            return for_each(error, len(documents))
        except ANY_ERROR as error:
            return [no_response(error)] * len(documents)

    async def _batch(self, proxy: ContainerProxy, documents: Sequence[StagedDocument]) -> list[Result]:
        operations = [operation for document in documents for operation in _operations_of(document)]
        answers = await proxy.execute_item_batch(operations, documents[0].key, **self._keywords)
        results = [
            Result(int(a["statusCode"]), charge=float(a.get("requestCharge", 0)), content=a.get("resourceBody"))
            for a in answers
        ]
        return results_for(documents, results)


def _operations_of(document: StagedDocument) -> list[tuple[str, tuple[Any, ...]]]:
    """The document as operations of `execute_item_batch`."""
    kind = document.operation.lower()
    if isinstance(document, Patch):
        return [(kind, patch) for patch in document.patches()]
    return [(kind, (document.id if isinstance(document, Named) else document.parsed(),))]


def _operation(answer: dict[str, Any], error: CosmosBatchOperationError) -> Result:
    status = int(answer["statusCode"])
    wait = answer.get("retryAfterMilliseconds") or header(error, "x-ms-retry-after-ms")
    return Result(
        status, int(answer.get("subStatusCode") or 0), float(answer.get("requestCharge") or 0), float(wait) / 1000,
        str(error.http_error_message or ""),
    )  # fmt: skip
