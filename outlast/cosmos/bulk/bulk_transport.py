"""Sends operations by the bulk request: a batch for one partition key range in each."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence

from azure.cosmos.exceptions import CosmosHttpResponseError

from outlast.cosmos.bulk.partition_map import PartitionMap
from outlast.cosmos.bulk.request import body_of, headers_for, results_of
from outlast.cosmos.bulk.staged_document import StagedDocument
from outlast.cosmos.bulk.transport import (
    BATCH_DOCUMENT_BYTES,
    NO_PRIORITY,
    KnownProperties,
    Priority,
    Result,
    Route,
    Target,
    for_each,
    no_response,
    read_throughput,
    results_for,
    write_alone,
)
from outlast.cosmos.client import Cosmos
from outlast.cosmos.connection import ContainerRecreated, forget_ranges, ordered_ranges, post_batch, read_ranges
from outlast.cosmos.errors import ANY_ERROR
from outlast.cosmos.partition_key import check_partition_key
from outlast.key_paths import KeyPaths

RECREATED = Result(400, 1024, message="the container was deleted and created again")


class BulkTransport:
    """Reads the partition map of a container once, and again when a caller found it stale."""

    def __init__(self, cosmos: Cosmos, priority: Priority = NO_PRIORITY) -> None:
        self._cosmos = cosmos
        self._properties = KnownProperties(cosmos)
        self._priority = priority
        self._maps: dict[str, PartitionMap] = {}
        self._reading: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def route(self, container: str, stale: Route | None = None) -> PartitionMap | Result:
        """Return the newest map that is not the stale one, or the database's answer that prevented it.

        Of callers that find a map stale at the same time, one reads and the others get what it has read.
        """
        async with self._reading[container]:
            known = self._maps.get(container)
            if known is not None and known is not stale:
                return known
            try:
                self._maps[container] = await self._read(container, known)
            except CosmosHttpResponseError as error:
                return for_each(error, 1)[0]
            except ANY_ERROR as error:
                return no_response(error)
            return self._maps[container]

    async def check_partition_key(self, container: str, key: KeyPaths) -> None:
        check_partition_key(await self._properties.get(container), key)

    async def throughput(self, container: str) -> float:
        return await read_throughput((await self._cosmos.database()).get_container_client(container))

    async def send(self, container: str, target: Target, documents: Sequence[StagedDocument]) -> list[Result]:
        proxy = (await self._cosmos.writing()).get_container_client(container)
        options = {**self._priority.options(), "containerRID": self._maps[container].rid}
        try:
            if len(documents[0].body) > BATCH_DOCUMENT_BYTES:
                return [await write_alone(proxy, documents[0], self._priority.keywords())]
            answers, _ = await post_batch(proxy, headers_for(target.batch), options, body_of(documents))
        except ContainerRecreated:
            return [RECREATED] * len(documents)
        except CosmosHttpResponseError as error:
            return for_each(error, len(documents))
        except ANY_ERROR as error:
            return [no_response(error)] * len(documents)
        if not isinstance(answers, list) or len(answers) != sum([one.operations for one in documents]):
            return [Result(500, message="the answer does not have one result for each operation")] * len(documents)
        return results_for(documents, results_of(answers))

    async def _read(self, container: str, known: PartitionMap | None) -> PartitionMap:
        proxy = (await self._cosmos.writing()).get_container_client(container)
        properties = await proxy.read()
        self._properties.learn(container, properties)
        source = known.source if known is not None else None
        if known is not None and known.rid != properties["_rid"]:
            forget_ranges(proxy)
            source = None
        source = await read_ranges(proxy, properties["_rid"], source)
        return PartitionMap.read(properties, ordered_ranges(source), source)
