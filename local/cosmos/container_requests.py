"""Requests for containers."""

from typing import Any
from urllib.parse import quote

from local.cosmos import charges
from local.cosmos.control_requests import PARTITIONS_MAX
from local.cosmos.definitions import SYSTEM, read_container
from local.cosmos.errors import CosmosError, bad_request
from local.cosmos.exchange import Exchange
from local.cosmos.messages import Response
from local.cosmos.metrics import quota, statistics
from local.cosmos.offer_requests import requested_throughput
from local.cosmos.parsing import whole
from local.cosmos.resource_answers import answer, answer_read, check_etag, feed, read_object
from local.cosmos.state import Container, Database
from local.cosmos.throughput import Throughput
from local.cosmos.unique_keys import read_policy

PARTITIONS_HEADER = "x-ms-emulator-partitions"


def create_container(exchange: Exchange) -> Response:
    """POST colls."""
    database = exchange.database()
    properties = read_container(read_object(exchange))
    own = requested_throughput(exchange)
    if properties["id"] in database.containers:
        raise CosmosError(409, "Resource with specified id, name, or unique index already exists.")
    shared = database.throughput if own is None else None
    container = _new_container(exchange, database, properties, shared=shared is not None)
    container.lay_out(own or shared or Throughput(), _partition_count(exchange))
    database.containers[container.name] = container
    exchange.emulator.journal.resources_changed()
    return _container_answer(exchange, 201, container, charges.METADATA_WRITE)


def read_container_properties(exchange: Exchange) -> Response:
    """GET colls/C."""
    container = exchange.container(0)
    more = {"statistics": statistics(container)} if exchange.flag("x-ms-documentdb-populatepartitionstatistics") else {}
    headers = quota(container) if exchange.flag("x-ms-documentdb-populatequotainfo") else {}
    return _with_content_path(exchange, container, answer_read(exchange, container.properties | more, headers))


def replace_container(exchange: Exchange) -> Response:
    """PUT colls/C: changes the definition. Name, partition key and unique keys cannot change."""
    container = exchange.container(0)
    check_etag(exchange, container.properties)
    properties = read_container(read_object(exchange))
    if properties["id"] != container.name:
        raise bad_request("The id of a container cannot be changed.")
    if properties["partitionKey"] != container.properties["partitionKey"]:
        raise bad_request("Document collection partition key cannot be changed.")
    if read_policy(properties.get("uniqueKeyPolicy")) != container.unique_keys:
        raise bad_request("The unique key policy of a container cannot be changed.")
    for name in container.properties.keys() - SYSTEM:
        del container.properties[name]
    container.properties.update(properties)
    container.refresh()
    exchange.emulator.account.stamp(container.properties, exchange.now)
    exchange.emulator.journal.resources_changed()
    return _container_answer(exchange, 200, container, charges.METADATA_WRITE)


def delete_container(exchange: Exchange) -> Response:
    """DELETE colls/C."""
    container = exchange.container(0)
    check_etag(exchange, container.properties)
    del exchange.database().containers[container.name]
    exchange.emulator.journal.container_deleted(container)
    exchange.emulator.journal.resources_changed()
    return _with_content_path(exchange, container, answer(204, None, charges.METADATA_WRITE))


def list_containers(exchange: Exchange) -> Response:
    """GET or query colls."""
    database = exchange.database()
    return feed(exchange, database.rid, "DocumentCollections", [c.properties for c in database.containers.values()])


def _new_container(exchange: Exchange, database: Database, properties: dict[str, Any], *, shared: bool) -> Container:
    state = exchange.emulator.account
    rid = state.new_rid(database.rid)
    properties |= {"_rid": rid, "_self": f"dbs/{database.rid}/colls/{rid}/", "_docs": "docs/", "_sprocs": "sprocs/"}
    properties |= {"_triggers": "triggers/", "_udfs": "udfs/", "_conflicts": "conflicts/"}
    state.stamp(properties, exchange.now)
    budget = database.budget if shared else None
    return Container(properties["id"], rid, properties, throttled=exchange.emulator.throttled, shared=budget)


def _partition_count(exchange: Exchange) -> int | None:
    text = exchange.header(PARTITIONS_HEADER)
    if text is None:
        return None
    count = whole(text)
    if count is None or not 1 <= count <= PARTITIONS_MAX:
        raise bad_request(f"{PARTITIONS_HEADER} has to be a number from 1 to {PARTITIONS_MAX}.")
    return count


def _container_answer(exchange: Exchange, status: int, container: Container, charge: float = 1.0) -> Response:
    return _with_content_path(exchange, container, answer(status, container.properties, charge))


def _with_content_path(exchange: Exchange, container: Container, response: Response) -> Response:
    """Adds by which names and resource id clients forget what they know of a container."""
    response.headers["x-ms-alt-content-path"] = f"dbs/{quote(exchange.parts[1])}"
    response.headers["x-ms-content-path"] = container.rid
    return response
