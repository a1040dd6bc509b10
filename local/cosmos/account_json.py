"""Databases and containers without their documents, to JSON and back."""

from typing import Any

import orjson

from local.cosmos.partitions import Partition
from local.cosmos.state import Account, Container, Database
from local.cosmos.throughput import Throughput
from local.cosmos.users import User


def dump_resources(account: Account) -> bytes:
    """The databases, containers and counters as JSON."""
    return orjson.dumps(
        {
            "resources": account.resources,
            "databases": [
                {
                    "properties": db.properties,
                    "containers": [_dump_container(c) for c in db.containers.values()],
                    "users": [_dump_user(user) for user in db.users.values()],
                    "throughput": db.throughput and _dump_throughput(db.throughput),
                }
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
            container = _load_container(kept, database, throttled=throttled)
            database.containers[container.name] = container
        database.users = _load_users(entry.get("users", []))
        if entry.get("throughput"):
            database.set_throughput(_load_throughput(entry["throughput"]), throttled=throttled)


def _dump_user(user: User) -> dict[str, Any]:
    permissions = [_dump_user(permission) for permission in user.permissions.values()]
    return {"definition": user.definition, "own": user.own, "permissions": permissions}


def _load_users(kept: list[dict[str, Any]]) -> dict[str, User]:
    users = (User(one["definition"], one["own"], _load_users(one["permissions"])) for one in kept)
    return {user.definition["id"]: user for user in users}


def _dump_container(container: Container) -> dict[str, Any]:
    return {
        "properties": container.properties,
        **_dump_throughput(container.throughput),
        "shared": container.shared is not None,
        "map_version": container.map_version,
        "partitions": [[p.id, p.low, p.high, list(p.parents), p.version] for p in container.partitions],
    }


def _load_container(kept: dict[str, Any], database: Database, *, throttled: bool) -> Container:
    properties = kept["properties"]
    budget = database.budget if kept.get("shared") else None
    container = Container(properties["id"], properties["_rid"], properties, throttled=throttled, shared=budget)
    partitions = []
    for id_, low, high, parents, version in kept["partitions"]:
        partition = Partition(id_, low, high, 0, tuple(parents))
        partition.version = version
        partitions.append(partition)
    container.set_partitions(partitions)
    container.map_version = kept["map_version"]
    container.set_throughput(_load_throughput(kept))
    return container


def _dump_throughput(throughput: Throughput) -> dict[str, Any]:
    return {
        "throughput": throughput.value,
        "highest_throughput": throughput.highest,
        "autoscale": throughput.autoscale,
        "increment": throughput.increment,
    }


def _load_throughput(kept: dict[str, Any]) -> Throughput:
    """Files of older versions have no autoscale."""
    value: int = kept["throughput"]
    highest = kept.get("highest_throughput", value)
    return Throughput(value, bool(kept.get("autoscale")), kept.get("increment"), highest)
