"""A database that only reads, for reports that read it and for the health check."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from azure.cosmos.aio import DatabaseProxy
from azure.cosmos.exceptions import CosmosHttpResponseError

from outlast.cosmos.client import Cosmos


@dataclass(slots=True)
class FakeContainer:
    name: str
    documents: Sequence[Mapping[str, Any]]
    status: int
    partition_key: str

    async def read(self) -> Mapping[str, Any]:
        if self.status != 200:
            raise CosmosHttpResponseError(self.status, "scripted")  # type: ignore[no-untyped-call]
        return {"id": self.name, "partitionKey": {"paths": [self.partition_key], "kind": "Hash", "version": 2}}

    async def query_items(self, query: str) -> AsyncIterator[Mapping[str, Any]]:
        for document in self.documents:
            yield document


class FakeCosmos(Cosmos):
    """`statuses` are what reading a container returns instead of 200. `error` is what opening the database raises.
    `partition_keys` are those of containers that have another one than `/shop`."""

    def __init__(self, documents: Mapping[str, Sequence[Mapping[str, Any]]] | None = None) -> None:
        super().__init__("https://fake", "a2V5", "outlast")
        self.containers = dict(documents or {})
        self.statuses: dict[str, int] = {}
        self.partition_keys: dict[str, str] = {}
        self.error: Exception | None = None
        self.asked = 0

    async def database(self) -> DatabaseProxy:
        self.asked += 1
        if self.error is not None:
            raise self.error
        return cast(DatabaseProxy, FakeDatabase(self))


@dataclass(slots=True)
class FakeDatabase:
    cosmos: FakeCosmos = field(repr=False)

    def get_container_client(self, name: str) -> FakeContainer:
        cosmos = self.cosmos
        key = cosmos.partition_keys.get(name, "/shop")
        return FakeContainer(name, cosmos.containers.get(name, ()), cosmos.statuses.get(name, 200), key)
