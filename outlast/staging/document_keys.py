"""Which documents a part holds, in short: one entry of 28 bytes a document, in the order of their hashes.

An entry is the 128-bit hash of id and effective partition key, the row, and where the document begins in the part's
documents file. In a mirror report it has 48 bytes: also the 128-bit hash of the content, and how many documents of the
part are of this row.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from struct import Struct
from typing import NamedTuple

import mmh3
import orjson

from outlast.staging.key_table import KeyTable

ENTRY, NAMED_ENTRY = Struct(">16sQI"), Struct(">16sQI16sI")
KEYS, NAMED_KEYS = KeyTable(ENTRY.size), KeyTable(NAMED_ENTRY.size, named=True)
"""The form of a part's keys; with names, id and partition key of each document, in a mirror report."""
_digest = mmh3.mmh3_x64_128_digest


class KeyedDocument(NamedTuple):
    """What is kept of a document: `name` is its id, `key` its partition key as JSON, `offset` where it begins."""

    row: int
    offset: int
    name: str
    key: bytes
    effective_key: bytes
    body: bytes


Keyed = Iterable[tuple[int, int, str, bytes, bytes, bytes]]
"""The members of KeyedDocuments. Plain tuples are made in half the time."""


def encode_keys(documents: Keyed) -> bytes:
    """The file of a part."""
    pack = ENTRY.pack
    return KEYS.encode(sorted([pack(hash_of(key, name), row, offset) for row, offset, name, _, key, _ in documents]))


def encode_named_keys(documents: Sequence[tuple[int, int, str, bytes, bytes, bytes]]) -> bytes:
    """The file of a part of a mirror report."""
    of_row, pack = Counter([document[0] for document in documents]), NAMED_ENTRY.pack
    pairs = sorted(
        [
            (pack(hash_of(effective, name), row, offset, _digest(body), of_row[row]), name_line(key, name))
            for row, offset, name, key, effective, body in documents
        ]
    )
    return NAMED_KEYS.encode([entry for entry, _ in pairs], [name for _, name in pairs])


def name_line(key: bytes, name: str) -> bytes:
    """Partition key and id as JSON, neither of which contains a tab or a line end."""
    return b"%b\t%b\n" % (key, orjson.dumps(name))


def hash_of(effective_key: bytes, name: str) -> bytes:
    """The hash of a document's key."""
    return _digest(effective_key + b" " + name.encode("utf-8", "surrogatepass"))


def names_in(lines: bytes) -> Iterable[bytes]:
    """The lines of a file of names, without their ends."""
    return lines.split(b"\n")[:-1]
