"""A staged document is one line of text, so that the writer joins text and parses nothing.

The line has four columns with a tab between: row, partition key as JSON, effective partition key in hex, document as
JSON. Encoded JSON contains neither a tab nor a line end, because both are escaped inside text. Of a hierarchical
partition key the levels have commas between.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, Self, cast

import orjson

from outlast.cosmos.partition_key import Key, Levels, effective_of

SYSTEM = frozenset({"_rid", "_self", "_etag", "_attachments", "_ts"})
"""Members that the service adds to a document."""


LINE = b"%d\t%b\t%b\t%b\n"


def key_text(levels: Levels) -> bytes:
    """The column of the partition key."""
    return b",".join([bytes(memoryview(orjson.dumps(level))) for level in levels])


class StagedColumns(NamedTuple):
    """The columns of a line. A tuple, because making a frozen dataclass takes twice as long."""

    row: int
    partition_key: bytes
    effective_partition_key: bytes
    body: bytes


class StagedDocument(StagedColumns):
    """`row` is the number of the input row that the document came from; `body` is the document as JSON."""

    __slots__ = ()
    operation = "Upsert"
    """What the database is to do, as a batch request names it."""

    @property
    def operations(self) -> int:
        """How many operations of a request the document takes."""
        return 1

    @property
    def id(self) -> str:
        return cast(str, self.parsed()["id"])

    @property
    def key(self) -> Any:
        """The partition key as the SDK takes it: a value, or the list of the levels of a hierarchical key."""
        levels = orjson.loads(b"[%b]" % self.partition_key)
        return levels if len(levels) > 1 else levels[0]

    def encoded(self) -> bytes:
        return LINE % self

    def parsed(self) -> dict[str, Any]:
        return cast(dict[str, Any], orjson.loads(self.body))


class Creation(StagedDocument):
    """A document that is to be written unless there is one with its id and partition key."""

    __slots__ = ()
    operation = "Create"


class Named(StagedDocument):
    """A document that is there already. `body` is its id as JSON."""

    __slots__ = ()

    @property
    def id(self) -> str:
        return cast(str, orjson.loads(self.body))


class Deletion(Named):
    """A document that is to be deleted."""

    __slots__ = ()
    operation = "Delete"

    @classmethod
    def of(cls, key: Key | Levels, name: str) -> Self:
        """Return the deletion of the document with this partition key and id."""
        levels = key if isinstance(key, tuple) else (key,)
        return cls(0, key_text(levels), effective_of(levels).encode(), orjson.dumps(name))


class Reading(Named):
    """A document that is to be read."""

    __slots__ = ()
    operation = "Read"

    @classmethod
    def of(cls, document: StagedDocument) -> Self:
        """Return the reading of the document with the same partition key and id."""
        return cls(document.row, document.partition_key, document.effective_partition_key, orjson.dumps(document.id))


class Patch(StagedDocument):
    """Members to set in a document that is there already.

    `body` has the patches with a tab between. Each is the id as JSON, and behind it the patch as an operation of a
    batch request names it.
    """

    __slots__ = ()
    operation = "Patch"

    @staticmethod
    def text(name: str, patches: Iterable[bytes]) -> bytes:
        """Return the body for the document of this id, from the operations of each patch as JSON."""
        id = orjson.dumps(name)
        return b"\t".join(b'%b,"resourceBody":{"operations":%b}' % (id, operations) for operations in patches)

    @property
    def operations(self) -> int:
        return self.body.count(b"\t") + 1

    @property
    def id(self) -> str:
        return self.patches()[0][0]

    def patches(self) -> list[tuple[str, list[dict[str, Any]]]]:
        """Return the id and the operations of each patch."""
        read = [orjson.loads(b'{"id":%b}' % one) for one in self.body.split(b"\t")]
        return [(one["id"], one["resourceBody"]["operations"]) for one in read]


KINDS: Mapping[str, type[StagedDocument]] = {"create": Creation, "patch": Patch, "delete": Deletion}
"""What a staged document is in reports of each write mode; in the others it is a StagedDocument."""


def read_staged(data: bytes, mode: str = "upsert") -> list[StagedDocument]:
    """Read documents of a report of this write mode from whole lines."""
    kind, new = KINDS.get(mode, StagedDocument), tuple.__new__
    columns = [text.split(b"\t", 3) for text in data.split(b"\n") if text]
    return [new(kind, (int(row), key, effective, body)) for row, key, effective, body in columns]


def join_staged(documents: Iterable[StagedDocument]) -> bytes:
    return b"".join(document.encoded() for document in documents)
