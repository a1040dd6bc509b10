"""Prints rows of a container as JSON lines."""

import argparse
import json
import socket
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from azure.cosmos import CosmosClient, DatabaseProxy
from azure.cosmos.exceptions import CosmosHttpResponseError

from local.console import LocalError, say
from local.json_calls import bypass_proxies
from local.stack.settings import APP, app_settings


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m local query", description=__doc__)
    parser.add_argument("container", help="such as flight-delays")
    parser.add_argument("query", nargs="?", default="SELECT * FROM c", help='default: "%(default)s"')
    options = parser.parse_args(argv)
    bypass_proxies()
    for found in rows(app_settings(APP), options.container, options.query):
        say(json.dumps(found, ensure_ascii=False))
    return 0


def rows(settings: Mapping[str, str], container: str, query: str) -> Iterator[Any]:
    endpoint, name = settings["COSMOS_ENDPOINT"], settings["COSMOS_DATABASE"]
    refuse_silence(endpoint)
    with CosmosClient(endpoint, settings["COSMOS_KEY"]) as client:
        database = client.get_database_client(name)
        try:
            proxy = database.get_container_client(container)
            yield from proxy.query_items(query, enable_cross_partition_query=True)
        except CosmosHttpResponseError as error:
            raise LocalError(explained(error, database, container)) from error


def refuse_silence(endpoint: str) -> None:
    """Raise LocalError at once if nothing listens, because the client would try for a minute."""
    address = urlsplit(endpoint)
    try:
        socket.create_connection((address.hostname or "", address.port or 443), timeout=5).close()
    except OSError as error:
        raise LocalError(
            f"No database answers at {endpoint} ({error}): start it with `make serve`, or set COSMOS_ENDPOINT."
        ) from error


def explained(error: CosmosHttpResponseError, database: DatabaseProxy, container: str) -> str:
    if error.status_code != 404:
        return f"The database refuses the query ({error.status_code}): {error.message}"
    try:
        names = sorted(found["id"] for found in database.list_containers())
    except CosmosHttpResponseError:
        return f"There is no database {database.id!r}: `make serve` makes it, or set COSMOS_DATABASE."
    return f"There is no container {container!r} in the database {database.id!r}; there are: {', '.join(names)}."
