"""Which documents a part holds, in short: one entry of 28 bytes a document, in the order of their hashes.

An entry is the 128-bit hash of id and effective partition key, the number of the row, and where the document begins in
the part's documents file. 257 offsets lie in front of the entries, one for each first byte of a hash and one for the
end, so that the entries of some first bytes are one read.
"""

from bisect import bisect_left
from collections.abc import Container, Iterable, Sequence
from itertools import chain, groupby, pairwise
from struct import Struct
from typing import NamedTuple

import mmh3

ENTRY = Struct(">16sQI")
OFFSETS = Struct(">257I")
HASH = 16
"""Bytes of the hash of an entry."""
BUCKETS = 256
"""First bytes of a hash."""
LAST, FIRST, REJECT = "last", "first", "reject"
"""What becomes of rows that make one document: the last of the file wins, the first does, or none."""
_WHOLE = Struct(f"{ENTRY.size}s")
_REST = Struct(">QI")


class Loser(NamedTuple):
    """A document that another row has made, too, and that is not stored.

    `offset` is where it begins in its part. `other` is the row that won; where none wins, another one that lost.
    """

    row: int
    offset: int
    other: int


def encode_keys(documents: Iterable[tuple[bytes, str, int, int]]) -> bytes:
    """The file of a part. `documents` are effective partition key, id, row and offset of each."""
    entries = sorted([ENTRY.pack(_hash(key, name), row, offset) for key, name, row, offset in documents])
    offsets = [bisect_left(entries, bytes([bucket])) for bucket in range(BUCKETS)]
    return OFFSETS.pack(*offsets, len(entries)) + b"".join(entries)


def range_of(offsets: bytes, first: int, after: int) -> tuple[int, int]:
    """Begin and length of the bytes that hold the entries of the buckets from `first` to before `after`."""
    read = OFFSETS.unpack(offsets)
    return OFFSETS.size + read[first] * ENTRY.size, (read[after] - read[first]) * ENTRY.size


def rows_of_entries(piece: bytes) -> set[int]:
    """The rows of the entries in a piece of a file."""
    return {row for _, row, _ in ENTRY.iter_unpack(piece)}


def without_rows(piece: bytes, rows: Container[int]) -> bytes:
    """The entries of a piece but for those of these rows."""
    return b"".join(entry for (entry,) in _WHOLE.iter_unpack(piece) if ENTRY.unpack(entry)[1] not in rows)


def find_losers(pieces: Iterable[bytes], rule: str) -> list[Loser]:
    """The documents in these pieces of files that are not stored, because another row has made the same one."""
    entries = sorted(chain.from_iterable([[entry for (entry,) in _WHOLE.iter_unpack(piece)] for piece in pieces]))
    same = [entry for before, after in pairwise(entries) if before[:HASH] == after[:HASH] for entry in (before, after)]
    groups = (list(dict.fromkeys(group)) for _, group in groupby(same, key=lambda entry: entry[:HASH]))
    return [loser for group in groups for loser in _losers([_REST.unpack(entry[HASH:]) for entry in group], rule)]


def _losers(group: Sequence[tuple[int, int]], rule: str) -> list[Loser]:
    """Of rows and offsets in the order of the rows, those that lose."""
    if rule == REJECT:
        second = group[1][0]
        return [Loser(row, offset, group[0][0] if number else second) for number, (row, offset) in enumerate(group)]
    winner = group[0] if rule == FIRST else group[-1]
    return [Loser(row, offset, winner[0]) for row, offset in group if (row, offset) != winner]


def _hash(key: bytes, name: str) -> bytes:
    return mmh3.mmh3_x64_128_digest(key + b" " + name.encode("utf-8", "surrogatepass"))
