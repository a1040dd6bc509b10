"""Which documents a part holds, in short: one entry of 48 bytes a document, in the order of their hashes.

An entry is the 128-bit hash of id and effective partition key, the row, where the document begins in the part's
documents file, the 128-bit hash of its content, and how many documents of the part are of this row.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from struct import Struct
from typing import NamedTuple

import mmh3
import orjson

from outlast.staging.key_table import KeyTable

ENTRY = Struct(">16sQI16sI")
KEYS, NAMED_KEYS = KeyTable(ENTRY.size), KeyTable(ENTRY.size, named=True)
"""The form of a part's keys; with names, id and partition key of each document, in a mirror report."""


class KeyedDocument(NamedTuple):
    """What is kept of a document: `name` is its id, `key` its partition key as JSON, `offset` where it begins."""

    row: int
    offset: int
    name: str
    key: bytes
    effective_key: bytes
    body: bytes


def encode_keys(documents: Sequence[KeyedDocument], *, named: bool = False) -> bytes:
    """The file of a part."""
    of_row = Counter(document.row for document in documents)
    if not named:
        return KEYS.encode(sorted([_entry(document, of_row[document.row]) for document in documents]))
    pairs = sorted([(_entry(document, of_row[document.row]), name_line(document)) for document in documents])
    return NAMED_KEYS.encode([entry for entry, _ in pairs], [name for _, name in pairs])


def _entry(document: KeyedDocument, documents: int) -> bytes:
    content = mmh3.mmh3_x64_128_digest(document.body)
    return ENTRY.pack(hash_of(document.effective_key, document.name), document.row, document.offset, content, documents)


def name_line(document: KeyedDocument) -> bytes:
    """Partition key and id as JSON, neither of which contains a tab or a line end."""
    return b"%b\t%b\n" % (document.key, orjson.dumps(document.name))


def hash_of(effective_key: bytes, name: str) -> bytes:
    """The hash of a document's key."""
    return mmh3.mmh3_x64_128_digest(effective_key + b" " + name.encode("utf-8", "surrogatepass"))


def names_in(lines: bytes) -> Iterable[bytes]:
    """The lines of a file of names, without their ends."""
    return lines.split(b"\n")[:-1]
