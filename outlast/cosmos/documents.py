"""The documents in the container `runs` that are no run records: what the instances of the app know together."""

from dataclasses import dataclass
from typing import Protocol

from outlast.cosmos.client import Cosmos
from outlast.cosmos.conditional import read_or_none, write_if_unchanged
from outlast.cosmos.errors import translated
from outlast.models import RUNS_CONTAINER, Json

PARTITION_KEY = "/id"


class Documents(Protocol):
    """Documents by their id, each written only if it is still as it was read."""

    async def read(self, name: str) -> Json | None: ...
    async def write(self, document: Json, etag: str | None) -> Json:
        """Replace the document that has this ETag, or create it when the ETag is None. Raises Conflict."""
        ...


@dataclass(frozen=True, slots=True)
class CosmosDocuments:
    cosmos: Cosmos

    async def read(self, name: str) -> Json | None:
        with translated(f"the document {name}", RUNS_CONTAINER, PARTITION_KEY):
            found = await read_or_none(await self.cosmos.container(RUNS_CONTAINER), name, name)
        return None if found is None else dict(found)

    async def write(self, document: Json, etag: str | None) -> Json:
        with translated(f"the document {document['id']}", RUNS_CONTAINER, PARTITION_KEY):
            return dict(await write_if_unchanged(await self.cosmos.container(RUNS_CONTAINER), document, etag))
