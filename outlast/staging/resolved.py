"""What was decided about the documents of a run before anything is stored: which of them are left out.

`resolve_keys` decides by buckets of hashes, over all chunks, and stages a table for each stretch of buckets. Whoever
works at a chunk reads that chunk's records of every table.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from struct import Struct
from typing import NamedTuple, Self

import orjson

from outlast.bounded_gather import bounded_gather
from outlast.errors import Permanent
from outlast.models import Payload, shards_of
from outlast.staging.document_keys import names_in
from outlast.staging.key_table import BUCKETS, Data, Range
from outlast.staging.paths import rejects_path, resolved_path
from outlast.staging.store import READS_AT_ONCE, Staging

CHUNK = Struct(">I")
RECORD = Struct(">IIIQQ")
Stretch = tuple[int, int]
"""Buckets: the first, and the one behind the last."""
Heads = Mapping[Stretch, bytes]
SUMMARY, GONE = "summary.json", "gone"
LOST, SAME = "lost", "same"
"""Documents that are not stored: those that lose to another row, and in a mirror report those that are unchanged."""


def buckets_of(shard: int, documents: int) -> Stretch:
    """The buckets of a shard of the keys of so many documents; none behind the last shard."""
    shards = max(1, shards_of(documents))
    return min(BUCKETS, shard * BUCKETS // shards), min(BUCKETS, (shard + 1) * BUCKETS // shards)


Record = tuple[int, int, int, int, int]
"""The members of a Placed. Plain tuples are made in a third of the time, and a mirror report has one a document."""


class Placed(NamedTuple):
    """A document that is not stored: where it is and the row that made it. `other` is the row that won; of an unchanged
    document, how many documents its row has made."""

    chunk: int
    part: int
    offset: int
    row: int
    other: int


class Table(NamedTuple):
    """Records in the order of chunk, part and offset, behind the number of the first record of each chunk."""

    head: int
    """Bytes in front of the records."""

    @classmethod
    def of(cls, chunks: int) -> Self:
        return cls((chunks + 1) * CHUNK.size)

    def encode(self, records: Iterable[Record]) -> bytes:
        entries = sorted([RECORD.pack(*record) for record in records])
        return self.joined([bisect_left(entries, CHUNK.pack(chunk)) for chunk in range(self.firsts)], entries)

    @property
    def firsts(self) -> int:
        """How many numbers are in front of the records: one for each chunk, and one for the end."""
        return self.head // CHUNK.size

    def joined(self, firsts: Iterable[int], entries: Iterable[Data]) -> bytes:
        """The table of these records. `firsts` are the numbers in front of them."""
        return b"".join([*map(CHUNK.pack, firsts), *entries])

    def chunks(self, head: bytes) -> Iterator[int]:
        """The chunks that have records."""
        firsts = [first for (first,) in CHUNK.iter_unpack(head)]
        return (chunk for chunk in range(len(firsts) - 1) if firsts[chunk] < firsts[chunk + 1])

    def records(self, head: bytes, chunk: int) -> Range:
        """Where the records of a chunk lie."""
        (first,), (after,) = CHUNK.iter_unpack(head[chunk * CHUNK.size : (chunk + 2) * CHUNK.size])
        return self.head + first * RECORD.size, (after - first) * RECORD.size


class Decided(NamedTuple):
    """How many documents of the buckets from `first` to before `after` are lost to other rows and how many are stored
    or unchanged (`documents`). In a mirror report also how many of those are the same as before, and how many of the
    `known` ones are gone."""

    first: int
    after: int
    lost: int
    documents: int
    same: int = 0
    gone: int = 0
    known: int = 0

    @property
    def stretch(self) -> Stretch:
        return self.first, self.after


@dataclass(frozen=True, slots=True)
class Summary:
    """`resolved/summary.json`: what was decided about all buckets."""

    stretches: Sequence[Decided] = ()

    def encoded(self) -> bytes:
        return orjson.dumps({"stretches": [list(one) for one in self.stretches]})

    @classmethod
    def decoded(cls, data: bytes) -> Self:
        return cls([Decided(*one) for one in orjson.loads(data)["stretches"]])

    def with_any(self, kind: str) -> list[Stretch]:
        """The stretches that have a table of this kind."""
        return [one.stretch for one in self.stretches if getattr(one, kind)]

    def count(self, kind: str) -> int:
        return sum(getattr(one, kind) for one in self.stretches)


@dataclass(frozen=True, slots=True)
class ChunkSummary(Payload):
    """`resolved/rows/{chunk}.json`: documents of a chunk that are not stored, and rows that have none left."""

    lost: int = 0
    rejected: int = 0


@dataclass(frozen=True, slots=True)
class Resolved:
    """The files of one run. `chunks` is the number of its chunks."""

    staging: Staging
    run: str
    chunks: int
    table: Table = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "table", Table.of(self.chunks))

    async def find(self, stretch: Stretch) -> Decided | None:
        """What was decided about these buckets; None where it is open."""
        data = await self.staging.get(self._path(stretch, "json"))
        return None if data is None else Decided(*orjson.loads(data))

    async def keep(self, decided: Decided, tables: Mapping[str, bytes], gone: Sequence[bytes] = ()) -> None:
        """Stage what was decided about some buckets, the same whoever decides it. `tables` are the tables of the kinds
        LOST and SAME that have records, `gone` are lines of names."""
        for kind, table in tables.items():
            await self.staging.put(self._path(decided.stretch, kind), table)
        if gone:
            await self.staging.put(self._path(decided.stretch, GONE), b"".join(line + b"\n" for line in gone))
        await self.staging.put(self._path(decided.stretch, "json"), orjson.dumps(list(decided)))

    async def heads(self, kind: str, summary: Summary) -> Heads:
        """The first bytes of each table of a kind, which say where the records of each chunk lie."""
        return await self._read(kind, dict.fromkeys(summary.with_any(kind), (0, self.table.head)))

    def chunks_of(self, heads: Heads) -> list[int]:
        """The chunks that have records in any of these tables."""
        return sorted({chunk for head in heads.values() for chunk in self.table.chunks(head)})

    async def of(self, kind: str, heads: Heads, chunk: int) -> list[Placed]:
        """The documents of a chunk that are not stored for this reason."""
        return list(map(Placed._make, RECORD.iter_unpack(await self.records(kind, heads, chunk))))

    async def records(self, kind: str, heads: Heads, chunk: int) -> bytes:
        """The same as they are staged."""
        places = {stretch: self.table.records(head, chunk) for stretch, head in heads.items()}
        read = await self._read(kind, {stretch: place for stretch, place in places.items() if place[1]})
        return b"".join(read.values())

    async def gone(self, stretch: Stretch) -> list[bytes]:
        """The names of the documents of these buckets that are to be deleted."""
        return list(names_in(await self.staging.need(self._path(stretch, GONE))))

    async def summary(self) -> Summary:
        """What was decided about all buckets. A run that an earlier release has resolved lost nothing."""
        data = await self.staging.get(resolved_path(self.run, SUMMARY))
        return Summary() if data is None else Summary.decoded(data)

    async def summed_up(self) -> Summary:
        """Stage the summary, and return it. Raises Permanent where not every bucket is decided."""
        summary = Summary(sorted(await self._decided()))
        at = 0
        for one in summary.stretches:
            if one.first > at:
                break
            at = max(at, one.after)
        if summary.stretches and at < BUCKETS:
            raise Permanent(f"run {self.run}: the keys of bucket {at} were not resolved; start a new run")
        await self.staging.put(resolved_path(self.run, SUMMARY), summary.encoded())
        return summary

    async def _decided(self) -> list[Decided]:
        listed = await self.staging.list(resolved_path(self.run, "keys"))
        paths = [path for path, _ in listed if path.endswith(".json")]
        return [Decided(*orjson.loads(await self.staging.need(path))) for path in paths]

    async def keep_chunk(self, chunk: int, counted: ChunkSummary, rejects: bytes) -> None:
        """Stage the rejects of a chunk, then their number."""
        if rejects:
            await self.staging.put(rejects_path(self.run, chunk), rejects)
        await self.staging.put(resolved_path(self.run, f"rows/{chunk:06}.json"), orjson.dumps(counted.to_dict()))

    async def of_chunk(self, chunk: int) -> ChunkSummary:
        data = await self.staging.get(resolved_path(self.run, f"rows/{chunk:06}.json"))
        return ChunkSummary() if data is None else ChunkSummary.from_dict(orjson.loads(data))

    def _path(self, stretch: Stretch, ending: str) -> str:
        return resolved_path(self.run, f"keys/{stretch[0]:03}-{stretch[1]:03}.{ending}")

    async def _read(self, kind: str, places: Mapping[Stretch, Range]) -> dict[Stretch, bytes]:
        """A piece of the table of each of these stretches."""

        async def read(stretch: Stretch) -> bytes:
            return await self.staging.get_range(self._path(stretch, kind), *places[stretch])

        return dict(zip(places, await bounded_gather(READS_AT_ONCE, read, places), strict=True))
