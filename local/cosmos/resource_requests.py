"""Requests for the account and databases."""

from typing import Any

import orjson

from local.cosmos import charges
from local.cosmos.definitions import check_name
from local.cosmos.errors import CosmosError
from local.cosmos.exchange import Exchange
from local.cosmos.messages import Response
from local.cosmos.offer_requests import requested_throughput
from local.cosmos.query.parser import TEXT_LIMIT
from local.cosmos.resource_answers import answer, answer_read, check_etag, feed, read_object
from local.cosmos.state import Database

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
    location = {"name": "Local", "databaseAccountEndpoint": f"{exchange.address}/"}
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
    state = exchange.emulator.account
    name = check_name(read_object(exchange).get("id"))
    throughput = requested_throughput(exchange)
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
    database = state.databases[name] = Database(name, rid, properties)
    if throughput is not None:
        database.set_throughput(throughput, throttled=exchange.emulator.throttled)
    exchange.emulator.journal.resources_changed()
    return answer(201, properties, charges.METADATA_WRITE)


def read_database(exchange: Exchange) -> Response:
    """GET dbs/D."""
    return answer_read(exchange, exchange.emulator.account.database(exchange.parts[1], 0).properties)


def delete_database(exchange: Exchange) -> Response:
    """DELETE dbs/D, with its containers."""
    database = exchange.emulator.account.database(exchange.parts[1], 0)
    check_etag(exchange, database.properties)
    for container in database.containers.values():
        exchange.emulator.journal.container_deleted(container)
    del exchange.emulator.account.databases[database.name]
    exchange.emulator.journal.resources_changed()
    return answer(204, None, charges.METADATA_WRITE)


def list_databases(exchange: Exchange) -> Response:
    """GET or query dbs."""
    return feed(exchange, "", "Databases", [db.properties for db in exchange.emulator.account.databases.values()])
