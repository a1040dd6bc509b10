"""The one place that uses what azure-cosmos keeps private: the bulk request's way through its connection, and ranges.

The version is pinned in requirements.txt, and tests of this module fail when another one has moved any of it.
"""

from collections.abc import Mapping
from typing import Any, cast

from azure.cosmos import _base
from azure.cosmos._request_object import RequestObject
from azure.cosmos.aio import ContainerProxy
from azure.cosmos.aio._cosmos_client_connection_async import CosmosClientConnection

POST = "_CosmosClientConnection__Post"
DOCUMENTS, BATCH = "docs", "Batch"


async def read_ranges(proxy: ContainerProxy, rid: str, known: Any = None) -> Any:
    """The SDK's own map of the container's partition key ranges; a newer one than `known`, when that is given."""
    provider = _connection(proxy)._routing_map_provider
    return await provider.get_routing_map(
        proxy.container_link, {"containerRID": rid}, force_refresh=known is not None, previous_routing_map=known
    )


def ordered_ranges(ranges: Any) -> list[dict[str, str]]:
    """Id and lower bound of each range, in the order of the hash space."""
    return cast(list[dict[str, str]], ranges.get_ordered_partition_key_ranges())


async def post_batch(
    proxy: ContainerProxy, headers: Mapping[str, str], options: Mapping[str, Any], body: str
) -> tuple[Any, Mapping[str, str]]:
    """Send a batch request whose body is text already; the SDK authorizes it and chooses the endpoint."""
    connection = _connection(proxy)
    path = _base.GetPathFromLink(proxy.container_link, DOCUMENTS)
    link = _base.GetResourceIdOrFullNameFromLink(proxy.container_link)
    whole = _base.GetHeaders(
        connection, {**connection.default_headers, **headers}, "post", path, link, DOCUMENTS, BATCH, options
    )
    request = RequestObject(DOCUMENTS, BATCH, whole, None)
    return cast(tuple[Any, Mapping[str, str]], await getattr(connection, POST)(path, request, body, whole))


def _connection(proxy: ContainerProxy) -> CosmosClientConnection:
    return proxy.client_connection
