"""What was decided about the documents of a run before anything is stored: which of them are left out.

`resolve_keys` decides by buckets of hashes, over all chunks, and stages a table for each stretch of buckets. Whoever
works at a chunk reads that chunk's records of every table.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from struct import Struct
from typing import NamedTuple, Self

import orjson

from outlast.errors import Permanent
from outlast.models import Payload
from outlast.staging.document_keys import BUCKETS
from outlast.staging.paths import rejects_path, resolved_path
from outlast.staging.store import Staging

CHUNK = Struct(">I")
RECORD = Struct(">IIIQQ")
Stretch = tuple[int, int]
"""Buckets: the first, and the one behind the last."""
SUMMARY = "summary.json"


class Lost(NamedTuple):
    """A document that is not stored: where it is, the row that made it, and the row that won."""

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

    def encode(self, records: Iterable[Lost]) -> bytes:
        entries = sorted(RECORD.pack(*record) for record in records)
        chunks = self.head // CHUNK.size
        first = (bisect_left(entries, CHUNK.pack(chunk)) for chunk in range(chunks))
        return b"".join([*map(CHUNK.pack, first), *entries])

    def chunks(self, head: bytes) -> Iterator[int]:
        """The chunks that have records."""
        firsts = [first for (first,) in CHUNK.iter_unpack(head)]
        return (chunk for chunk in range(len(firsts) - 1) if firsts[chunk] < firsts[chunk + 1])


@dataclass(frozen=True, slots=True)
class Summary(Payload):
    """`resolved/summary.json`: the stretches of buckets whose tables have records, and how many documents are lost."""

    stretches: Sequence[Stretch] = ()
    lost: int = 0


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

    async def find_count(self, stretch: Stretch) -> int | None:
        """How many documents of these buckets are lost; None where that is not decided yet."""
        data = await self.staging.get(self._path(stretch, "json"))
        return None if data is None else int(orjson.loads(data)["lost"])

    async def keep(self, stretch: Stretch, lost: Sequence[Lost]) -> int:
        """Stage what was decided about some buckets, the same whoever decides it; return how many are lost."""
        if lost:
            await self.staging.put(self._path(stretch, "lost"), self.table.encode(lost))
        await self.staging.put(self._path(stretch, "json"), orjson.dumps({"lost": len(lost)}))
        return len(lost)

    async def chunks_with_losers(self, summary: Summary) -> list[int]:
        found = set[int]()
        for stretch in summary.stretches:
            found.update(self.table.chunks(await self._read(stretch, 0, self.table.head)))
        return sorted(found)

    async def lost_of(self, summary: Summary, chunk: int) -> list[Lost]:
        """The documents of a chunk that are not stored."""
        found: list[Lost] = []
        for stretch in summary.stretches:
            ends = await self._read(stretch, chunk * CHUNK.size, 2 * CHUNK.size)
            (first,), (after,) = CHUNK.iter_unpack(ends)
            begin = self.table.head + first * RECORD.size
            records = await self._read(stretch, begin, (after - first) * RECORD.size)
            found += [Lost(*record) for record in RECORD.iter_unpack(records)]
        return found

    async def summary(self) -> Summary:
        """What all tables hold. A run that an earlier release has resolved lost nothing."""
        data = await self.staging.get(resolved_path(self.run, SUMMARY))
        return Summary() if data is None else Summary.from_dict(orjson.loads(data))

    async def summed_up(self) -> Summary:
        """Stage the summary, and return it. Raises Permanent where not every bucket is decided."""
        counts = await self._counts()
        missing = next((bucket for bucket in range(BUCKETS) if not any(a <= bucket < b for a, b in counts)), None)
        if counts and missing is not None:
            raise Permanent(f"run {self.run}: the keys of bucket {missing} were not resolved; start a new run")
        summary = Summary(sorted(each for each, lost in counts.items() if lost), sum(counts.values()))
        await self.staging.put(resolved_path(self.run, SUMMARY), orjson.dumps(summary.to_dict()))
        return summary

    async def _counts(self) -> dict[Stretch, int]:
        """By stretch of buckets, how many documents are lost."""
        listed = await self.staging.list(resolved_path(self.run, "keys"))
        stems = [path.rpartition("/")[2].removesuffix(".json") for path, _ in listed if path.endswith(".json")]
        stretches = [(int(first), int(after)) for first, after in (stem.split("-") for stem in stems)]
        return {stretch: await self.find_count(stretch) or 0 for stretch in stretches}

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

    async def _read(self, stretch: Stretch, begin: int, length: int) -> bytes:
        return await self.staging.get_range(self._path(stretch, "lost"), begin, length)
