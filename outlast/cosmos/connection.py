"""The private calls of azure-cosmos that the app makes: to send a bulk request, to read partition key ranges, and to
query one of them.

No other module uses private calls. The version is pinned in requirements.txt, and the tests of this module fail when a
new version moves one of them.
"""

from collections.abc import Mapping
from typing import Any, cast

from azure.cosmos import _base
from azure.cosmos._request_object import RequestObject
from azure.cosmos.aio import ContainerProxy
from azure.cosmos.aio._cosmos_client_connection_async import CosmosClientConnection

POST = "_CosmosClientConnection__Post"
DOCUMENTS, BATCH, QUERY = "docs", "Batch", "SqlQuery"
RECREATED = (400, "1024")
"""Status and substatus of a request for a container that was deleted and created again."""


class ContainerRecreated(Exception):
    """The container is not the one whose resource id was sent."""


def forget_ranges(proxy: ContainerProxy) -> None:
    """Make the SDK read partition key ranges again from the beginning.

    A map of a deleted container is no base for that of its successor: the SDK would ask for what changed since.
    """
    provider: Any = _connection(proxy)._routing_map_provider
    provider.clear_cache()


async def read_ranges(proxy: ContainerProxy, rid: str, known: Any = None) -> Any:
    """Return the SDK's map of the container's partition key ranges. When `known` is not None, a newer map than it."""
    provider = _connection(proxy)._routing_map_provider
    return await provider.get_routing_map(
        proxy.container_link, {"containerRID": rid}, force_refresh=known is not None, previous_routing_map=known
    )


def ordered_ranges(ranges: Any) -> list[dict[str, str]]:
    """Return `id` and `minInclusive` of each range, in the order of the hash space."""
    return cast(list[dict[str, str]], ranges.get_ordered_partition_key_ranges())


async def post_batch(
    proxy: ContainerProxy, headers: Mapping[str, str], options: Mapping[str, Any], body: str
) -> tuple[Any, Mapping[str, str]]:
    """Send a batch request whose body is text already. The SDK authorizes it and chooses the endpoint.

    Raises ContainerRecreated. Without that the SDK reads the container and sends the request once more, with the ranges
    of the deleted container, and its caller learns nothing: each later request would be refused, too.
    """
    return await _post(proxy, BATCH, headers, options, body)


async def post_query(
    proxy: ContainerProxy,
    range_id: str,
    headers: Mapping[str, str],
    options: Mapping[str, Any],
    query: Mapping[str, Any],
) -> tuple[Any, Mapping[str, str]]:
    """Ask one partition key range for a page of a query. Raises the SDK's error for 410, and ContainerRecreated.

    The SDK's own query of a feed range begins again at the first document when its range was split between two pages.
    """
    sent = {"x-ms-documentdb-isquery": "true", "Content-Type": "application/query+json", **headers}
    return await _post(proxy, QUERY, sent, options, query, range_id)


async def query_plan(proxy: ContainerProxy, query: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what the service says of a query, before anything is read. Raises the SDK's error for a wrong one."""
    plan: Any = await _connection(proxy)._GetQueryPlanThroughGateway(cast(Any, query), proxy.container_link)
    return cast(Mapping[str, Any], plan)


async def _post(
    proxy: ContainerProxy,
    operation: str,
    headers: Mapping[str, str],
    options: Mapping[str, Any],
    body: Any,
    range_id: str | None = None,
) -> tuple[Any, Mapping[str, str]]:
    connection = _connection(proxy)
    path = _base.GetPathFromLink(proxy.container_link, DOCUMENTS)
    link = _base.GetResourceIdOrFullNameFromLink(proxy.container_link)
    given = {**connection.default_headers, **headers}
    whole = _base.GetHeaders(connection, given, "post", path, link, DOCUMENTS, operation, options, range_id)
    request = RequestObject(DOCUMENTS, operation, whole, None)
    post = getattr(connection, POST)
    answer = await post(path, request, body, whole, raw_response_hook=_refuse_recreated)
    return cast(tuple[Any, Mapping[str, str]], answer)


def _refuse_recreated(response: Any) -> None:
    answer = response.http_response
    if answer.status_code == RECREATED[0] and answer.headers.get("x-ms-substatus") == RECREATED[1]:
        raise ContainerRecreated


def _connection(proxy: ContainerProxy) -> CosmosClientConnection:
    return proxy.client_connection
