"""One emulator for the adapters that need a database, with the containers that they use."""

from collections.abc import Iterator

import pytest
from azure.cosmos import CosmosClient, PartitionKey

from local.cosmos.process import CosmosProcess
from tests.contract.outlast.backends import DATABASE, EMPTY, SLOW


@pytest.fixture(scope="session")
def emulator() -> Iterator[CosmosProcess]:
    """The containers are fast, except SLOW, which has the least RU/s so that it throttles."""
    with CosmosProcess() as process:
        with CosmosClient(process.url, process.key) as client:
            database = client.create_database(DATABASE)
            database.create_container("runs", PartitionKey("/id"))
            database.create_container("sales", PartitionKey("/shop"), offer_throughput=40_000)
            database.create_container("stock", PartitionKey("/shop"), offer_throughput=40_000)
            database.create_container("shelf", PartitionKey("/place/shop"), offer_throughput=40_000)
            database.create_container("aisle", PartitionKey(["/place", "/shop"]), offer_throughput=40_000)
            database.create_container("airlines", PartitionKey("/id")).create_item({"id": "AA"})
            database.create_container(SLOW, PartitionKey("/shop"), offer_throughput=400)
            client.create_database(EMPTY)
        yield process
