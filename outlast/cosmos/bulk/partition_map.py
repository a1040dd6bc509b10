"""The partition key ranges of a container, to find the range of a staged document."""

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
    """The ranges as one reading of the container found them, in the order of the hash space."""

    rid: str
    """The id of the container, which changes when it is deleted and created again."""
    version: int
    """The hash version of its partition key."""
    lows: Sequence[bytes]
    """The lower bounds of the ranges."""
    ranges: Sequence[Target]
    source: Any
    """The SDK's own map, which it needs to read a newer one."""

    @classmethod
    def read(cls, properties: Mapping[str, Any], ranges: Sequence[Mapping[str, str]], source: Any) -> "PartitionMap":
        """Build the map from the container's properties and its ranges in the order of the hash space."""
        definition = properties["partitionKey"]
        if definition.get("kind", "Hash") not in ("Hash", "MultiHash"):
            raise Permanent(
                f"the container {properties['id']} has a partition key of the kind {definition['kind']}; documents are "
                "written to containers of the kinds Hash and MultiHash: name another container in the report"
            )
        targets = [Target(one["id"], one["id"]) for one in ranges]
        lows = [one["minInclusive"].encode() for one in ranges]
        return cls(properties["_rid"], int(definition.get("version", 1)), lows, targets, source)

    def targets(self, documents: Sequence[StagedDocument]) -> list[Target]:
        """Return the range of each document."""
        ranges, lows = self.ranges, self.lows
        return [ranges[bisect_right(lows, effective) - 1] for effective in self._effective(documents)]

    def _effective(self, documents: Sequence[StagedDocument]) -> list[bytes]:
        """Compute the hash only for version 1. Containers created since 2019 have version 2, which is staged."""
        if self.version == 2:
            return [document.effective_partition_key for document in documents]
        return [effective_partition_key_v1(orjson.loads(document.partition_key)).encode() for document in documents]
