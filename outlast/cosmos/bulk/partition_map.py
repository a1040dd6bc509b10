"""Which partition key range a staged document belongs to."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from outlast.cosmos.bulk.staged_document import StagedDocument
from outlast.cosmos.bulk.transport import Target
from outlast.cosmos.partition_key import effective_partition_key_v1
from outlast.errors import Permanent


@dataclass(frozen=True, slots=True)
class PartitionMap:
    """As of one reading of the container. `lows`: where the `ranges` begin; `rid`: the container's own id, which
    changes when it is deleted and made anew; `source`: what the SDK gave, by which it tells newer from older."""

    rid: str
    version: int
    lows: Sequence[bytes]
    ranges: Sequence[Target]
    source: Any

    @classmethod
    def read(cls, properties: Mapping[str, Any], ranges: Sequence[Mapping[str, str]], source: Any) -> "PartitionMap":
        """From the container's properties and its ranges in the order of the hash space."""
        definition = properties["partitionKey"]
        if definition.get("kind", "Hash") != "Hash" or len(definition["paths"]) != 1:
            raise Permanent(
                f"the container {properties['id']} has the partition key {', '.join(definition['paths'])}; "
                "documents are written to containers with one path: name another container in the report"
            )
        targets = [Target(one["id"], one["id"]) for one in ranges]
        lows = [one["minInclusive"].encode() for one in ranges]
        return cls(properties["_rid"], int(definition.get("version", 1)), lows, targets, source)

    def targets(self, documents: Sequence[StagedDocument]) -> list[Target]:
        """Return the range that each document lies in."""
        ranges, lows = self.ranges, self.lows
        return [ranges[bisect_right(lows, effective) - 1] for effective in self._effective(documents)]

    def _effective(self, documents: Sequence[StagedDocument]) -> list[bytes]:
        """Staged documents carry version 2, which every container has that was made since 2019 without asking for 1."""
        if self.version == 2:
            return [document.effective_partition_key for document in documents]
        return [effective_partition_key_v1(orjson.loads(document.partition_key)).encode() for document in documents]
