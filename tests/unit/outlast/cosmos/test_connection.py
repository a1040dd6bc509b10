import inspect

from azure.cosmos import _base
from azure.cosmos._request_object import RequestObject
from azure.cosmos._routing.aio.routing_map_provider import SmartRoutingMapProvider
from azure.cosmos._routing.collection_routing_map import CollectionRoutingMap
from azure.cosmos.aio._cosmos_client_connection_async import CosmosClientConnection

from outlast.cosmos.connection import POST

HELP = "azure-cosmos has moved what outlast/cosmos/connection.py uses; adapt that module, or set COSMOS_WRITER=sdk"


def parameters_of(function: object) -> list[str]:
    return list(inspect.signature(function).parameters)  # type: ignore[arg-type]


def test_the_private_post_is_where_it_was() -> None:
    """The SDK still has the private method that sends a bulk request, with the same parameters."""
    post = getattr(CosmosClientConnection, POST, None)
    assert post is not None, HELP
    assert parameters_of(post) == ["self", "path", "request_params", "body", "req_headers", "kwargs"], HELP


def test_the_headers_are_made_as_they_were() -> None:
    """The SDK's private functions for headers, requests and paths still have the same parameters."""
    expected = ["cosmos_client_connection", "default_headers", "verb", "path", "resource_id", "resource_type"]
    assert parameters_of(_base.GetHeaders)[:8] == [*expected, "operation_type", "options"], HELP
    assert parameters_of(RequestObject)[:4] == ["resource_type", "operation_type", "headers", "pk_val"], HELP
    assert _base.GetPathFromLink("dbs/d/colls/c", "docs") == "/dbs/d/colls/c/docs/", HELP


def test_the_ranges_are_read_as_they_were() -> None:
    """The SDK's private routing map is still found and read in the same way."""
    expected = ["self", "collection_link", "feed_options", "force_refresh", "previous_routing_map", "kwargs"]
    assert parameters_of(SmartRoutingMapProvider.get_routing_map) == expected, HELP
    assert hasattr(CollectionRoutingMap, "get_ordered_partition_key_ranges"), HELP
    assert "_routing_map_provider" in inspect.getsource(CosmosClientConnection.__init__), HELP
    assert parameters_of(SmartRoutingMapProvider.clear_cache) == ["self"], HELP
