"""Creates the containers that the app needs, and loads the sample data."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from azure.cosmos import CosmosClient, DatabaseProxy, PartitionKey

from local.json_calls import CallError, get

RUNS = {"name": "runs", "partition_key": "/id"}
BY_THEIR_OWN_TTL = -1
"""Documents of `runs` are over when their `ttl` is, as infra/containers.json says; without this they stay for ever."""
REQUEST_UNITS = 40_000  # a second and container: four physical partitions


@contextmanager
def open_database(url: str, key: str, name: str) -> Iterator[DatabaseProxy]:
    """Yield the database of that name, which is created if it is missing."""
    with CosmosClient(url, key) as client:
        yield client.create_database_if_not_exists(name)


def containers_of(host_url: str, key: str) -> list[dict[str, Any]]:
    """Return the containers that the app names, always with `runs`. An app that returns 404 needs only `runs`."""
    try:
        needed: list[dict[str, Any]] = get(f"{host_url}/api/reports", key)["containers"]
    except CallError as error:
        if error.status != 404:
            raise
        needed = []
    return list({container["name"]: container for container in [RUNS, *needed]}.values())


def create_containers(database: DatabaseProxy, containers: Iterable[dict[str, Any]]) -> None:
    """Create the missing containers. Existing ones stay as they are."""
    for container in containers:
        create_container(database, container["name"], container["partition_key"])


def create_container(database: DatabaseProxy, name: str, partition_key: str | list[str]) -> None:
    """Create the container unless it exists. A list of paths makes a hierarchical partition key."""
    paths: Any = partition_key
    ttl = BY_THEIR_OWN_TTL if name == RUNS["name"] else None
    database.create_container_if_not_exists(name, PartitionKey(paths), default_ttl=ttl, offer_throughput=REQUEST_UNITS)


def load_samples(database: DatabaseProxy, folder: Path) -> None:
    """Put the documents of `{container}.jsonl` into that container, partitioned by id if it is new."""
    for path in sorted(folder.glob("*.jsonl")):
        create_container(database, path.stem, "/id")
        container = database.get_container_client(path.stem)
        for document in documents(path):
            container.upsert_item(document)


def documents(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        for line in filter(str.strip, lines):
            yield json.loads(line)
