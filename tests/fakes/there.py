"""What is in the containers of the fake transport."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from outlast.cosmos.bulk.staged_document import StagedDocument
from outlast.planning.there import kind_of
from tests.fakes.transport import FakeTransport


@dataclass(slots=True)
class FakeThere:
    """Implements There. `looked` counts the documents that were looked for."""

    transport: FakeTransport
    looked: int = 0

    async def policy(self, container: str) -> dict[str, Any] | None:
        return None

    async def kinds(self, container: str, documents: Sequence[StagedDocument]) -> list[str]:
        self.looked += len(documents)
        known = self.transport.documents(container)
        return [kind_of(d.parsed(), known.get((d.partition_key, d.parsed()["id"]))) for d in documents]
