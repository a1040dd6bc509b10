"""Looks for documents in a container before anything is written, and reads how the container indexes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from azure.cosmos.exceptions import CosmosResourceNotFoundError

from outlast.bounded_gather import bounded_gather
from outlast.cosmos.bulk.staged_document import SYSTEM, StagedDocument
from outlast.cosmos.client import Cosmos
from outlast.cosmos.errors import translated

AT_ONCE = 16
"""Point reads at the same time. Each costs about a request unit."""


class There(Protocol):
    """What is in the containers."""

    async def policy(self, container: str) -> dict[str, Any] | None:
        """The container's indexing policy."""
        ...

    async def kinds(self, container: str, documents: Sequence[StagedDocument]) -> list[str]:
        """Whether each document is `new`, `changed` or `unchanged`."""
        ...


@dataclass(frozen=True, slots=True)
class CosmosThere:
    """Implements There."""

    cosmos: Cosmos

    async def policy(self, container: str) -> dict[str, Any] | None:
        with translated(f"the container {container}", container):
            properties = await (await self.cosmos.container(container)).read()
        found: dict[str, Any] | None = properties.get("indexingPolicy")
        return found

    async def kinds(self, container: str, documents: Sequence[StagedDocument]) -> list[str]:
        async def kind(document: StagedDocument) -> str:
            return kind_of(document.parsed(), await self._read(container, document))

        return await bounded_gather(AT_ONCE, kind, documents)

    async def _read(self, container: str, document: StagedDocument) -> dict[str, Any] | None:
        with translated(f"a document of {container}", container):
            proxy = await self.cosmos.container(container)
            try:
                return dict(await proxy.read_item(document.id, document.key))
            except CosmosResourceNotFoundError:
                return None


def kind_of(document: dict[str, Any], there: dict[str, Any] | None) -> str:
    """What a write of the document does, compared without the members that the service adds."""
    if there is None:
        return "new"
    own = {name: value for name, value in there.items() if name not in SYSTEM}
    return "unchanged" if own == document else "changed"
