"""A staged document is one line of text, so that the writer joins text and parses nothing.

The line has four columns with a tab between: row, partition key as JSON, effective partition key in hex, document as
JSON. Encoded JSON contains neither a tab nor a line end, because both are escaped inside text.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Self, cast

import orjson

from outlast.cosmos.partition_key import Key, effective_partition_key


@dataclass(frozen=True, slots=True)
class StagedDocument:
    """`row` is the number of the input row that the document came from; `body` is the document as JSON."""

    row: int
    partition_key: bytes
    effective_partition_key: bytes
    body: bytes
    deletes: ClassVar[bool] = False
    """Whether the document is to be deleted instead of written."""

    def encoded(self) -> bytes:
        return b"%d\t%b\t%b\t%b\n" % (self.row, self.partition_key, self.effective_partition_key, self.body)

    def parsed(self) -> dict[str, Any]:
        return cast(dict[str, Any], orjson.loads(self.body))


class Deletion(StagedDocument):
    """A document that is to be deleted. `body` is its id as JSON."""

    __slots__ = ()
    deletes = True

    @classmethod
    def of(cls, key: Key, name: str) -> Self:
        """Return the deletion of the document with this partition key and id."""
        return cls(0, orjson.dumps(key), effective_partition_key(key).encode(), orjson.dumps(name))


def read_staged(data: bytes) -> list[StagedDocument]:
    """Read documents from whole lines."""
    return [_parse(text) for text in data.split(b"\n") if text]


def join_staged(documents: Iterable[StagedDocument]) -> bytes:
    return b"".join(document.encoded() for document in documents)


def _parse(text: bytes) -> StagedDocument:
    row, key, effective, body = text.split(b"\t", 3)
    return StagedDocument(int(row), key, effective, body)
