"""A file of entries in the order of their hashes, from which those of some first bytes are one read.

257 offsets lie in front of the entries, one for each first byte of a hash and one for the end. Where entries have
names, a line each, there are 257 offsets more, and the lines lie behind the entries in the same order.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from struct import Struct

OFFSETS = Struct(">257I")
HASH = 16
"""Bytes of the hash with which an entry begins."""
BUCKETS = 256
"""First bytes of a hash."""
Range = tuple[int, int]
"""Begin and length in bytes."""
Data = bytes | memoryview


@dataclass(frozen=True, slots=True)
class KeyTable:
    """The form of a file. `entry` is the size of an entry in bytes."""

    entry: int
    named: bool = False

    @property
    def head(self) -> int:
        """Bytes in front of the entries."""
        return OFFSETS.size * (1 + self.named)

    def encode(self, entries: Sequence[bytes], names: Sequence[bytes] = ()) -> bytes:
        """The file of these entries, which are sorted, and their names."""
        firsts = [*(bisect_left(entries, bytes([bucket])) for bucket in range(BUCKETS)), len(entries)]
        ends = [0, *accumulate(map(len, names))] if self.named else [0] * (len(entries) + 1)
        return self.joined(firsts, [ends[first] for first in firsts], entries, names)

    def joined(
        self, firsts: Sequence[int], ends: Sequence[int], entries: Iterable[Data], names: Iterable[bytes]
    ) -> bytes:
        """The file of these. `firsts` entries and `ends` bytes of names are in front of each bucket."""
        head = OFFSETS.pack(*firsts) + (OFFSETS.pack(*ends) if self.named else b"")
        return b"".join([head, *entries, *names])

    def count(self, head: bytes) -> int:
        """How many entries a file has that begins with these bytes."""
        return int(OFFSETS.unpack_from(head)[BUCKETS])

    def entries(self, head: bytes, first: int, after: int) -> Range:
        """Where the entries of the buckets from `first` to before `after` lie."""
        firsts = OFFSETS.unpack_from(head)
        return self.head + firsts[first] * self.entry, (firsts[after] - firsts[first]) * self.entry

    def names(self, head: bytes, first: int, after: int) -> Range:
        """Where the names of these entries lie."""
        ends = OFFSETS.unpack_from(head, OFFSETS.size)
        begin = self.head + self.count(head) * self.entry
        return begin + ends[first], ends[after] - ends[first]
