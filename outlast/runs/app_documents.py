"""What the app keeps for itself beside the run records: small JSON documents in the container `runs`.

A run's id has 32 hex digits, so no id of a run is the name of such a document.
"""

import hashlib
import secrets
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from outlast.cosmos.client import Cosmos
from outlast.cosmos.conditional import change, read_or_none, write_if_unchanged
from outlast.cosmos.errors import translated
from outlast.models import RUNS_CONTAINER, Json

PARTITION_KEY = "/id"
SECRET = "app:secret"
"""Name of the document whose `secret` is mixed into the ids of runs with an `Idempotency-Key`."""
Edit = Callable[[Json], Json]


def name_of(kind: str, owner: str) -> str:
    """The name of an owner's document of a kind. The owner is hashed: it may hold characters that an id may not."""
    return f"app:{kind}:{hashlib.sha256(owner.encode()).hexdigest()[:16]}"


class AppDocuments(Protocol):
    async def change(self, name: str, edit: Edit) -> Json:
        """Apply `edit` to the newest members, `{}` at first, until no other change comes between; return the members.

        `edit` returns new members, or equal ones to write nothing.
        """
        ...


class CosmosAppDocuments:
    """The documents in Cosmos DB, changed under their ETags. They never expire, whatever the container's TTL is."""

    def __init__(self, cosmos: Cosmos) -> None:
        self._cosmos = cosmos

    async def change(self, name: str, edit: Edit) -> Json:
        async def write(before: Mapping[str, Any], after: Mapping[str, Any]) -> Mapping[str, Any]:
            document = {"id": name, "ttl": -1, "members": after["members"]}
            with translated(f"the document {name}", RUNS_CONTAINER, PARTITION_KEY):
                container = await self._cosmos.container(RUNS_CONTAINER)
                return await write_if_unchanged(container, document, before.get("_etag"))

        found = await change(
            read=lambda: self._read(name),
            edit=lambda before: {**before, "members": edit(before["members"])},
            write=write,
        )
        members: Json = found["members"]
        return members

    async def _read(self, name: str) -> Mapping[str, Any]:
        with translated(f"the document {name}", RUNS_CONTAINER, PARTITION_KEY):
            found = await read_or_none(await self._cosmos.container(RUNS_CONTAINER), name, name)
        return found or {"members": {}}


class AppSecret:
    """A secret of the app, made by the first request that needs it. Instances that make it at once agree on one."""

    def __init__(self, documents: AppDocuments) -> None:
        self._documents = documents
        self._known: str | None = None

    async def get(self) -> str:
        if self._known is None:
            made = secrets.token_hex(32)
            self._known = (await self._documents.change(SECRET, lambda members: members or {"secret": made}))["secret"]
        return self._known
