"""The groups of one part as a file: a line a group, in the order of their hashes.

257 offsets lie in front of the lines, one for each first byte of a hash and one for the end, so that the groups of some
first bytes are one read. A line has five columns with a tab between: hash in hex, number of the group's first row,
number of its rows, key as JSON, accumulators as JSON. Encoded JSON contains neither a tab nor a line end.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from struct import Struct
from typing import NamedTuple

import mmh3

OFFSETS = Struct(">257I")
BUCKETS = 256
"""First bytes of a hash."""
PREFIXES = 65_536
"""First two bytes of a hash. Shards begin and end between two of them."""


class PartialGroup(NamedTuple):
    """What some rows have added to a group. `key` and `accumulators` are JSON."""

    hash: str
    first: int
    rows: int
    key: str
    accumulators: str

    def line(self) -> bytes:
        return f"{self.hash}\t{self.first}\t{self.rows}\t{self.key}\t{self.accumulators}\n".encode()


class Gathered(NamedTuple):
    """The pieces of one group from all parts, in the order of the rows. `end` is where they end in a shard's bytes."""

    pieces: Sequence[PartialGroup]
    end: int

    @property
    def first(self) -> int:
        return self.pieces[0].first

    @property
    def rows(self) -> int:
        return sum(piece.rows for piece in self.pieces)


def hash_of(identity: str) -> str:
    """32 hex digits. Groups of the same hash are one group."""
    return mmh3.mmh3_x64_128_digest(identity.encode("utf-8", "surrogatepass")).hex()


def encode_groups(groups: Iterable[PartialGroup]) -> bytes:
    """The file of a part."""
    ordered = sorted(groups)
    lines = [group.line() for group in ordered]
    begins = list(accumulate(map(len, lines), initial=0))
    hashes = [group.hash for group in ordered]
    offsets = [begins[bisect_left(hashes, f"{bucket:02x}")] for bucket in range(BUCKETS)]
    return OFFSETS.pack(*offsets, begins[-1]) + b"".join(lines)


def decode_groups(lines: bytes) -> Iterator[PartialGroup]:
    """The groups of whole lines."""
    for line in lines.splitlines():
        hash_, first, rows, key, accumulators = line.decode().split("\t", 4)
        yield PartialGroup(hash_, int(first), int(rows), key, accumulators)


def gather(pieces: Iterable[bytes], first: int, after: int) -> bytes:
    """The lines of all groups whose prefix is from `first` to before `after`.

    `pieces` are lines of files, in the order of the rows. The lines of a group stand together in that order, and the
    groups in the order of their first rows.
    """
    low, high = b"%04x" % first, (b"%04x" % after if after < PREFIXES else b"g")
    groups: dict[bytes, list[bytes]] = {}
    for piece in pieces:
        for line in piece.splitlines(keepends=True):
            if low <= line[:32] < high:
                groups.setdefault(line[:32], []).append(line)
    ordered = sorted(groups.values(), key=lambda lines: int(lines[0].split(b"\t", 2)[1]))
    return b"".join(line for lines in ordered for line in lines)


def gathered(data: bytes) -> Iterator[Gathered]:
    """The groups of a shard's bytes, as `gather` has ordered them."""
    pieces: list[PartialGroup] = []
    begin = end = 0
    for line in data.splitlines(keepends=True):
        [piece] = decode_groups(line)
        if pieces and piece.hash != pieces[0].hash:
            yield Gathered(pieces, begin)
            pieces = []
        end += len(line)
        pieces.append(piece)
        begin = end
    if pieces:
        yield Gathered(pieces, end)
