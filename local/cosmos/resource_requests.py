"""Requests for the account, databases, containers, offers and partition key ranges."""

from typing import Any
from urllib.parse import quote

import orjson

from local.cosmos import charges
from local.cosmos.control_requests import PARTITIONS_MAX
from local.cosmos.definitions import check_name, least_throughput, read_container, read_throughput
from local.cosmos.errors import CosmosError, bad_request, format_charge, not_found, not_implemented
from local.cosmos.exchange import Exchange
from local.cosmos.messages import Response
from local.cosmos.nesting import NESTING_LIMIT, depth, too_deep
from local.cosmos.offers import offer_of
from local.cosmos.parsing import parse, whole
from local.cosmos.query import run_on_documents
from local.cosmos.query.prepared import INVALID_TOKEN
from local.cosmos.query_requests import page_size
from local.cosmos.state import Container, Database

PARTITIONS_HEADER = "x-ms-emulator-partitions"


def account(exchange: Exchange) -> Response:
    """GET /: what a client asks first. The one endpoint is the address the client came to."""
    host = exchange.header("host") or "127.0.0.1"
    location = {"name": "Local", "databaseAccountEndpoint": f"http://{host}/"}
    return _answer(
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
            "queryEngineConfiguration": "{}",
        },
    )


def create_database(exchange: Exchange) -> Response:
    """POST dbs."""
    if exchange.header("x-ms-offer-throughput") or exchange.header("x-ms-cosmos-offer-autopilot-settings"):
        raise not_implemented("throughput shared by a whole database (create the containers with throughput instead)")
    state = exchange.emulator.account
    name = check_name(_object(exchange).get("id"))
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
    return _answer(201, properties, charges.METADATA_WRITE)


def read_database(exchange: Exchange) -> Response:
    """GET dbs/D."""
    return _answer(200, exchange.emulator.account.database(exchange.parts[1], 0).properties)


def delete_database(exchange: Exchange) -> Response:
    """DELETE dbs/D, with all containers."""
    database = exchange.emulator.account.database(exchange.parts[1], 0)
    for container in database.containers.values():
        exchange.emulator.journal.container_deleted(container)
    del exchange.emulator.account.databases[database.name]
    exchange.emulator.journal.resources_changed()
    return _answer(204, None, charges.METADATA_WRITE)


def list_databases(exchange: Exchange) -> Response:
    """GET or query dbs."""
    return _feed(exchange, "", "Databases", [db.properties for db in exchange.emulator.account.databases.values()])


def create_container(exchange: Exchange) -> Response:
    """POST colls."""
    database = exchange.database()
    properties = read_container(_object(exchange))
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
    """PUT colls/C: the indexing policy can be changed, name and partition key cannot."""
    container = exchange.container(0)
    properties = read_container(_object(exchange))
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
    return _answer(204, None, charges.METADATA_WRITE)


def list_containers(exchange: Exchange) -> Response:
    """GET or query colls."""
    database = exchange.database()
    return _feed(exchange, database.rid, "DocumentCollections", [c.properties for c in database.containers.values()])


def list_offers(exchange: Exchange) -> Response:
    """GET or query offers."""
    offers = [offer_of(container) for _, container in exchange.emulator.account.containers()]
    return _feed(exchange, "", "Offers", offers)


def read_offer(exchange: Exchange) -> Response:
    """GET offers/O."""
    container = _offered(exchange)
    least = str(least_throughput(container.highest_throughput))
    return _answer(200, offer_of(container), headers={"x-ms-cosmos-min-throughput": least})


def replace_offer(exchange: Exchange) -> Response:
    """PUT offers/O: a new throughput; more than the partitions can carry splits them."""
    container = _offered(exchange)
    content = _object(exchange).get("content")
    content = content if isinstance(content, dict) else {}
    autoscale = content.get("offerAutopilotSettings") or content.get("offerAutoScaleSettings")
    least = least_throughput(container.highest_throughput)
    value = read_throughput(str(content.get("offerThroughput")), autoscale, least)
    exchange.emulator.set_throughput(container, value)
    return _answer(200, offer_of(container), charges.METADATA_WRITE)


def list_ranges(exchange: Exchange) -> Response:
    """GET pkranges: all, or with If-None-Match those that came since; 304 when none did."""
    container = exchange.container()
    known = _known_version(container, exchange.header("if-none-match"))
    etag = f'"{container.rid}-{container.map_version}"'
    if known == container.map_version:
        return Response(304, {"etag": etag, "x-ms-request-charge": "1"})
    ranges = [
        {
            "_rid": f"{container.rid}{int(p.id):04d}",
            "id": p.id,
            "_etag": etag,
            "minInclusive": p.low,
            "maxExclusive": p.high,
            "ridPrefix": int(p.id),
            "_self": f"{container.self_link}pkranges/{p.id}/",
            "throughputFraction": 1 / len(container.partitions),
            "status": "online",
            "parents": list(p.parents),
            "_ts": container.properties["_ts"],
        }
        for p in container.partitions
        if p.version > known
    ]
    body = {"_rid": container.rid, "PartitionKeyRanges": ranges, "_count": len(ranges)}
    return _answer(200, body, headers={"etag": etag})


def _known_version(container: Container, etag: str | None) -> int:
    rid, _, version = (etag or "").strip('"').rpartition("-")
    return (whole(version) or 0) if rid == container.rid else 0


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


def _offered(exchange: Exchange) -> Container:
    for _, container in exchange.emulator.account.containers():
        if offer_of(container)["id"].lower() == exchange.parts[1].lower():
            return container
    raise not_found()


def _container_answer(exchange: Exchange, status: int, container: Container, charge: float = 1.0) -> Response:
    response = _answer(status, container.properties, charge)
    response.headers["x-ms-alt-content-path"] = f"dbs/{quote(exchange.parts[1])}"
    response.headers["x-ms-content-path"] = container.rid
    return response


def _object(exchange: Exchange) -> dict[str, Any]:
    body = parse(exchange.request.body)
    if not isinstance(body, dict):
        raise bad_request("The request body has to be a JSON object.")
    if depth(body) > NESTING_LIMIT:
        raise too_deep()
    return body


def _feed(exchange: Exchange, rid: str, name: str, entries: list[dict[str, Any]]) -> Response:
    if exchange.request.method == "POST":
        entries = run_on_documents(_object(exchange), entries)
    text, size = exchange.header("x-ms-continuation"), page_size(exchange)
    start = whole(text) if text else 0
    if start is None:
        raise bad_request(INVALID_TOKEN)
    page, end = entries[start : start + size], start + size
    headers = {"x-ms-continuation": str(end)} if end < len(entries) else {}
    return _answer(200, {"_rid": rid, name: page, "_count": len(page)}, headers=headers)


def _answer(
    status: int, body: Any, charge: float = charges.METADATA_READ, headers: dict[str, str] | None = None
) -> Response:
    headers = {"x-ms-request-charge": format_charge(charge), **(headers or {})}
    if body is None:
        return Response(status, headers)
    if "_etag" in body:
        headers["etag"] = body["_etag"]
    return Response(status, headers, orjson.dumps(body))
