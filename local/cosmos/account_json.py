"""Databases and containers without their documents, to JSON and back."""

from typing import Any

import orjson

from local.cosmos.partitions import Partition
from local.cosmos.state import Account, Container, Database


def dump_resources(account: Account) -> bytes:
    """The databases, containers and counters as JSON."""
    return orjson.dumps(
        {
            "resources": account.resources,
            "databases": [
                {"properties": db.properties, "containers": [_dump_container(c) for c in db.containers.values()]}
                for db in account.databases.values()
            ],
        }
    )


def load_resources(account: Account, data: dict[str, Any], *, throttled: bool) -> None:
    """Adds the databases and containers of that JSON to the account, without documents."""
    account.seen_resource(data["resources"])
    for entry in data["databases"]:
        properties = entry["properties"]
        database = Database(properties["id"], properties["_rid"], properties)
        account.databases[database.name] = database
        for kept in entry["containers"]:
            container = _load_container(kept, throttled=throttled)
            database.containers[container.name] = container


def _dump_container(container: Container) -> dict[str, Any]:
    return {
        "properties": container.properties,
        "throughput": container.throughput,
        "highest_throughput": container.highest_throughput,
        "map_version": container.map_version,
        "partitions": [[p.id, p.low, p.high, list(p.parents), p.version] for p in container.partitions],
    }


def _load_container(kept: dict[str, Any], *, throttled: bool) -> Container:
    properties = kept["properties"]
    container = Container(properties["id"], properties["_rid"], properties, throttled=throttled)
    partitions = []
    for id_, low, high, parents, version in kept["partitions"]:
        partition = Partition(id_, low, high, 0, tuple(parents))
        partition.version = version
        partitions.append(partition)
    container.set_partitions(partitions)
    container.map_version = kept["map_version"]
    container.highest_throughput = kept.get("highest_throughput", 0)
    container.set_throughput(kept["throughput"])
    return container
