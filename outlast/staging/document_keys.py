"""Which documents a part holds, in short: one entry of 24 bytes a document, in the order of their hashes.

An entry is the 128-bit hash of id and effective partition key, and the number of the row. 257 offsets lie in front of
the entries, one for each first byte of a hash and one for the end, so that the entries of some first bytes are one
read.
"""

from bisect import bisect_left
from collections.abc import Iterable
from itertools import pairwise
from struct import Struct
from typing import NamedTuple

import mmh3

ENTRY = Struct(">16sQ")
OFFSETS = Struct(">257I")
HASH = 16
"""Bytes of the hash of an entry."""
BUCKETS = 256
"""First bytes of a hash."""


class Twins(NamedTuple):
    """Two rows that make the same document, and how many documents are made by more than one row."""

    first: int
    second: int
    documents: int


def encode_keys(documents: Iterable[tuple[bytes, str, int]]) -> bytes:
    """The file of a part. `documents` are effective partition key, id and row of each."""
    entries = sorted(ENTRY.pack(_hash(key, name), row) for key, name, row in documents)
    offsets = [bisect_left(entries, bytes([bucket])) for bucket in range(BUCKETS)]
    return OFFSETS.pack(*offsets, len(entries)) + b"".join(entries)


def range_of(offsets: bytes, first: int, after: int) -> tuple[int, int]:
    """Begin and length of the bytes that hold the entries of the buckets from `first` to before `after`."""
    read = OFFSETS.unpack(offsets)
    return OFFSETS.size + read[first] * ENTRY.size, (read[after] - read[first]) * ENTRY.size


def find_twins(entries: Iterable[bytes]) -> Twins | None:
    """Whether two rows make one document in these pieces of files. The first twins are those of the lowest rows.

    A row of which a part was stored makes its documents again when it is corrected.
    """
    listed = sorted(piece[at : at + ENTRY.size] for piece in entries for at in range(0, len(piece), ENTRY.size))
    same = [(before, after) for before, after in pairwise(listed) if before[:HASH] == after[:HASH] and before != after]
    if not same:
        return None
    first, second = min((ENTRY.unpack(before)[1], ENTRY.unpack(after)[1]) for before, after in same)
    return Twins(first, second, len({before[:HASH] for before, _ in same}))


def _hash(key: bytes, name: str) -> bytes:
    return mmh3.mmh3_x64_128_digest(key + b" " + name.encode("utf-8", "surrogatepass"))
