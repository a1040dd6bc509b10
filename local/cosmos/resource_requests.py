"""Requests for the account, databases and containers."""

from typing import Any
from urllib.parse import quote

import orjson

from local.cosmos import charges
from local.cosmos.control_requests import PARTITIONS_MAX
from local.cosmos.definitions import check_name, read_container, read_throughput
from local.cosmos.errors import CosmosError, bad_request, not_implemented
from local.cosmos.exchange import Exchange
from local.cosmos.messages import Response
from local.cosmos.parsing import whole
from local.cosmos.query.parser import TEXT_LIMIT
from local.cosmos.resource_answers import answer, feed, read_object
from local.cosmos.state import Container, Database

PARTITIONS_HEADER = "x-ms-emulator-partitions"
QUERY_ENGINE = orjson.dumps(
    {
        "maxSqlQueryInputLength": TEXT_LIMIT,
        "maxJoinsPerSqlQuery": 5,
        "maxLogicalAndPerSqlQuery": 500,
        "maxLogicalOrPerSqlQuery": 500,
        "maxUdfRefPerSqlQuery": 10,
        "maxInExpressionItemsCount": 16000,
        "queryMaxInMemorySortDocumentCount": 500,
        "maxQueryRequestTimeoutFraction": 0.9,
        "sqlAllowNonFiniteNumbers": False,
        "sqlAllowAggregateFunctions": True,
        "sqlAllowSubQuery": True,
        "sqlAllowScalarSubQuery": True,
        "allowNewKeywords": True,
        "sqlAllowLike": True,
        "sqlAllowGroupByClause": True,
        "maxSpatialQueryCells": 12,
        "spatialMaxGeometryPointCount": 256,
        "sqlDisableQueryILOptimization": False,
        "sqlDisableFilterPlanOptimization": False,
    }
).decode()
"""Settings that the query engine inside the .NET client ends the process without."""


def account(exchange: Exchange) -> Response:
    """GET /. The only endpoint is the address that the client used."""
    host = exchange.header("host") or "127.0.0.1"
    location = {"name": "Local", "databaseAccountEndpoint": f"http://{host}/"}
    return answer(
        200,
        {
            "id": "local",
            "_self": "",
            "_rid": host,
            "media": "//media/",
            "addresses": "//addresses/",
            "_dbs": "//dbs/",
            "writableLocations": [location],
            "readableLocations": [location],
            "enableMultipleWriteLocations": False,
            "userReplicationPolicy": {"asyncReplication": False, "minReplicaSetSize": 1, "maxReplicasetSize": 4},
            "userConsistencyPolicy": {"defaultConsistencyLevel": "Session"},
            "systemReplicationPolicy": {"minReplicaSetSize": 1, "maxReplicasetSize": 4},
            "readPolicy": {"primaryReadCoefficient": 1, "secondaryReadCoefficient": 1},
            "queryEngineConfiguration": QUERY_ENGINE,
        },
    )


def create_database(exchange: Exchange) -> Response:
    """POST dbs."""
    if exchange.header("x-ms-offer-throughput") or exchange.header("x-ms-cosmos-offer-autopilot-settings"):
        raise not_implemented("throughput shared by a whole database (create the containers with throughput instead)")
    state = exchange.emulator.account
    name = check_name(read_object(exchange).get("id"))
    if name in state.databases:
        raise CosmosError(409, "Database with the specified id already exists in the system.")
    rid = state.new_rid()
    properties: dict[str, Any] = {
        "id": name,
        "_rid": rid,
        "_self": f"dbs/{rid}/",
        "_colls": "colls/",
        "_users": "users/",
    }
    state.stamp(properties, exchange.now)
    state.databases[name] = Database(name, rid, properties)
    exchange.emulator.journal.resources_changed()
    return answer(201, properties, charges.METADATA_WRITE)


def read_database(exchange: Exchange) -> Response:
    """GET dbs/D."""
    return answer(200, exchange.emulator.account.database(exchange.parts[1], 0).properties)


def delete_database(exchange: Exchange) -> Response:
    """DELETE dbs/D, with its containers."""
    database = exchange.emulator.account.database(exchange.parts[1], 0)
    for container in database.containers.values():
        exchange.emulator.journal.container_deleted(container)
    del exchange.emulator.account.databases[database.name]
    exchange.emulator.journal.resources_changed()
    return answer(204, None, charges.METADATA_WRITE)


def list_databases(exchange: Exchange) -> Response:
    """GET or query dbs."""
    return feed(exchange, "", "Databases", [db.properties for db in exchange.emulator.account.databases.values()])


def create_container(exchange: Exchange) -> Response:
    """POST colls."""
    database = exchange.database()
    properties = read_container(read_object(exchange))
    throughput = read_throughput(
        exchange.header("x-ms-offer-throughput"), exchange.header("x-ms-cosmos-offer-autopilot-settings")
    )
    if properties["id"] in database.containers:
        raise CosmosError(409, "Resource with specified id, name, or unique index already exists.")
    container = _new_container(exchange, database, properties)
    container.lay_out(throughput, _partition_count(exchange))
    database.containers[container.name] = container
    exchange.emulator.journal.resources_changed()
    return _container_answer(exchange, 201, container, charges.METADATA_WRITE)


def read_container_properties(exchange: Exchange) -> Response:
    """GET colls/C."""
    return _container_answer(exchange, 200, exchange.container(0))


def replace_container(exchange: Exchange) -> Response:
    """PUT colls/C: changes the indexing policy. Name and partition key cannot change."""
    container = exchange.container(0)
    properties = read_container(read_object(exchange))
    if properties["id"] != container.name:
        raise bad_request("The id of a container cannot be changed.")
    if properties["partitionKey"] != container.properties["partitionKey"]:
        raise bad_request("Document collection partition key cannot be changed.")
    container.properties.update(properties)
    container.refresh()
    exchange.emulator.account.stamp(container.properties, exchange.now)
    exchange.emulator.journal.resources_changed()
    return _container_answer(exchange, 200, container, charges.METADATA_WRITE)


def delete_container(exchange: Exchange) -> Response:
    """DELETE colls/C."""
    container = exchange.container(0)
    del exchange.database().containers[container.name]
    exchange.emulator.journal.container_deleted(container)
    exchange.emulator.journal.resources_changed()
    return _with_content_path(exchange, container, answer(204, None, charges.METADATA_WRITE))


def list_containers(exchange: Exchange) -> Response:
    """GET or query colls."""
    database = exchange.database()
    return feed(exchange, database.rid, "DocumentCollections", [c.properties for c in database.containers.values()])


def _new_container(exchange: Exchange, database: Database, properties: dict[str, Any]) -> Container:
    state = exchange.emulator.account
    rid = state.new_rid(database.rid)
    properties |= {"_rid": rid, "_self": f"dbs/{database.rid}/colls/{rid}/", "_docs": "docs/", "_sprocs": "sprocs/"}
    properties |= {"_triggers": "triggers/", "_udfs": "udfs/", "_conflicts": "conflicts/"}
    state.stamp(properties, exchange.now)
    return Container(properties["id"], rid, properties, throttled=exchange.emulator.throttled)


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
