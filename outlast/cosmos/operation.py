"""What a report's document is staged as: the text that the write mode sends of it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from outlast.cosmos.bulk.staged_document import SYSTEM, Patch, StagedDocument
from outlast.cosmos.document import Columns, DocumentRefused, columns_of, encoded

MOST_OPERATIONS = 10
"""Members that one patch sets. Source: Azure docs, "Partial document update in Azure Cosmos DB"."""
MOST_PATCHES = 100
"""Patches of one document: they share a request."""


def staged_as(mode: str, document: Any, partition_key: Sequence[Sequence[str]], row: int) -> StagedDocument:
    """Check one document and encode what a report of this write mode stores. Raises DocumentRefused."""
    return StagedDocument(row, *columns_as(mode, document, partition_key))


def columns_as(mode: str, document: Any, partition_key: Sequence[Sequence[str]]) -> Columns:
    """The columns of the same, see `columns_of`."""
    columns = columns_of(document, partition_key)
    if mode == "delete":
        return *columns[:2], orjson.dumps(document["id"])
    if mode == "patch":
        return *columns[:2], _patches(document, partition_key)
    return columns


def _patches(document: Mapping[str, Any], partition_key: Sequence[Sequence[str]]) -> bytes:
    """The patches that set each member but id and partition key."""
    steps = [{"op": "set", "path": path, "value": value} for path, value in _members(document, partition_key)]
    if not steps:
        raise DocumentRefused("patch", "a patch must have a member to set beside id and partition key")
    if len(steps) > MOST_OPERATIONS * MOST_PATCHES:
        text = f"a patch sets {len(steps):,} members and {MOST_OPERATIONS * MOST_PATCHES:,} are allowed"
        raise DocumentRefused("patch", text)
    return Patch.text(
        document["id"], [encoded(steps[at : at + MOST_OPERATIONS]) for at in range(0, len(steps), MOST_OPERATIONS)]
    )


def _members(document: Mapping[str, Any], kept: Sequence[Sequence[str]], above: str = "") -> Iterator[tuple[str, Any]]:
    """The path and value of each member to set. Of a member that holds a partition key, its other members."""
    for name, value in document.items():
        if not above and name == "id":
            continue
        if not name or (not above and name in SYSTEM):
            raise DocumentRefused("patch", f"a patch cannot set a member of the name {name!r}", name)
        path, inside = f"{above}/{_escaped(name)}", [rest for first, *rest in kept if first == name]
        if not inside:
            yield path, value
        elif all(inside):
            yield from _members(value, inside, path)


def _escaped(name: str) -> str:
    """A name as a part of a JSON pointer."""
    return name.replace("~", "~0").replace("/", "~1")
