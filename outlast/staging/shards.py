"""How the groups of a run are divided into shards, and which files hold them."""

from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import ceil

import orjson

from outlast.staging.group_file import BUCKETS, OFFSETS, PREFIXES

USUAL = 4 * 1024 * 1024
"""Bytes of partial groups that a shard has, about."""
LARGEST = 16 * 1024 * 1024
"""Bytes of partial groups above which one first byte of the hashes is divided by the next bits. A call that combines
such a shard takes less than 64 MB."""
Shard = tuple[int, int]
"""Prefixes of hashes: the first of the shard and the first behind it."""


@dataclass(frozen=True, slots=True)
class GroupFile:
    """The groups of part `part` of chunk `chunk`; `name` is the file's, `offsets` are its first bytes."""

    chunk: int
    part: int
    name: str
    offsets: bytes

    def lines_of(self, shard: Shard) -> tuple[int, int]:
        """Begin and length of the lines of all first bytes that the shard touches."""
        read = OFFSETS.unpack(self.offsets)
        begin, end = read[shard[0] // BUCKETS], read[ceil(shard[1] / BUCKETS)]
        return OFFSETS.size + begin, end - begin


@dataclass(frozen=True, slots=True)
class GroupIndex:
    """`groups.json`: the files of all parts in the order of the rows, and the shards in the order of the hashes."""

    files: Sequence[GroupFile] = ()
    shards: Sequence[Shard] = field(default=((0, PREFIXES),))

    def encoded(self) -> bytes:
        files = [[one.chunk, one.part, one.name, b64encode(one.offsets).decode()] for one in self.files]
        return orjson.dumps({"files": files, "shards": self.shards})

    @staticmethod
    def decoded(data: bytes) -> "GroupIndex":
        read = orjson.loads(data)
        files = [GroupFile(chunk, part, name, b64decode(offsets)) for chunk, part, name, offsets in read["files"]]
        return GroupIndex(files, [(first, after) for first, after in read["shards"]])


def divided(files: Sequence[GroupFile]) -> list[Shard]:
    """Shards of about USUAL bytes that together are the whole hash space."""
    shards: list[Shard] = []
    begin = held = 0
    for bucket, size in enumerate(_sizes(files)):
        if begin < bucket and (held + size > USUAL or size > LARGEST):
            shards.append((begin * BUCKETS, bucket * BUCKETS))
            begin, held = bucket, 0
        held += size
        if size > LARGEST:
            shards += _pieces(bucket, size)
            begin, held = bucket + 1, 0
    return [*shards, (begin * BUCKETS, PREFIXES)] if begin < BUCKETS else shards


def _sizes(files: Iterable[GroupFile]) -> list[int]:
    """The bytes of all files for each first byte of the hashes."""
    sizes = [0] * BUCKETS
    for file in files:
        read = OFFSETS.unpack(file.offsets)
        for bucket in range(BUCKETS):
            sizes[bucket] += read[bucket + 1] - read[bucket]
    return sizes


def _pieces(bucket: int, size: int) -> list[Shard]:
    """The shards of one first byte, divided by as many of the next bits as it takes."""
    count = min(BUCKETS, 1 << (ceil(size / LARGEST) - 1).bit_length())
    step, begin = BUCKETS // count, bucket * BUCKETS
    return [(begin + at, begin + at + step) for at in range(0, BUCKETS, step)]
