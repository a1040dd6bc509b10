"""Finds the keys that the parts of a run have staged. A process lists them once for all calls that need them."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence, Set
from dataclasses import dataclass, field

from outlast.bounded_gather import bounded_gather
from outlast.deadline import Deadline
from outlast.models import MIRROR
from outlast.runs.fence import Fence
from outlast.runs.record import RunRecord
from outlast.staging.corrections import Corrections
from outlast.staging.document_keys import KEYS, NAMED_KEYS
from outlast.staging.input import InputFiles
from outlast.staging.key_ranges import read_buckets
from outlast.staging.key_table import KeyTable
from outlast.staging.parts import Generated
from outlast.staging.resolved import Stretch
from outlast.staging.store import READS_AT_ONCE
from outlast.staging.to_compare import KeyPiece

MOST_RUNS = 4
"""Runs whose lists are kept. A list takes about 1.2 KB a part, 2.3 KB in a mirror report."""


@dataclass(frozen=True, slots=True)
class KeyFile:
    """The keys of one part: the path of the file, and its first bytes, which say where its entries lie."""

    chunk: int
    part: int
    path: str
    head: bytes


@dataclass(frozen=True, slots=True)
class RunKeys:
    """The key files of a run. `chunks` is the number of its chunks."""

    files: Sequence[KeyFile]
    table: KeyTable
    chunks: int

    @property
    def documents(self) -> int:
        return sum(self.table.count(file.head) for file in self.files)

    @property
    def places(self) -> list[tuple[int, int]]:
        """Chunk and part of each file."""
        return [(file.chunk, file.part) for file in self.files]


@dataclass(slots=True)
class _Listing:
    """What is known of a run's key files: those of its first chunks."""

    files: list[KeyFile] = field(default_factory=list)
    chunks: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(frozen=True, slots=True)
class KeyFiles:
    files: InputFiles
    _known: OrderedDict[str, _Listing] = field(default_factory=OrderedDict)

    async def of(self, record: RunRecord, fence: Fence, deadline: Deadline) -> RunKeys | None:
        """The key files of a run whose parts are all staged; None when time was up, and the next call goes on."""
        chunks = await self.files.stored_chunks(record)
        listing = self._known.setdefault(record.parts_key, _Listing())
        self._known.move_to_end(record.parts_key)
        while len(self._known) > MOST_RUNS:
            self._known.popitem(last=False)
        async with listing.lock:
            while listing.chunks < chunks:
                await fence.check()
                await self._list(record, chunks, listing)
                if deadline.passed() and listing.chunks < chunks:
                    return None
        return RunKeys(listing.files, _table(record), chunks)

    async def read(self, record: RunRecord, keys: RunKeys, stretch: Stretch) -> list[KeyPiece]:
        """What each file has of these buckets."""

        async def piece(numbered: tuple[int, KeyFile]) -> KeyPiece:
            number, file = numbered
            entries, names = await read_buckets(self.files.staging, file.path, keys.table, file.head, stretch)
            return KeyPiece(number, entries, names, await self._corrected(record, file.chunk))

        return await bounded_gather(READS_AT_ONCE, piece, enumerate(keys.files))

    async def _corrected(self, record: RunRecord, chunk: int) -> Set[int]:
        """The rows of a chunk that were corrected since."""
        if not record.status.corrections:
            return frozenset()
        return await Corrections(self.files).later(record, (await self.files.chunks(record)).chunks[chunk])

    async def _list(self, record: RunRecord, chunks: int, listing: _Listing) -> None:
        after = min(chunks, listing.chunks + READS_AT_ONCE)
        found = await asyncio.gather(*(self._of_chunk(record, number) for number in range(listing.chunks, after)))
        listing.files += [file for files in found for file in files]
        listing.chunks = after

    async def _of_chunk(self, record: RunRecord, number: int) -> list[KeyFile]:
        generated, found = Generated(self.files.staging, record.parts_folder, number), list[KeyFile]()
        async for part, answer in generated.parts():
            if answer.entries:
                path = generated.path(part, answer.entries)
                head = await self.files.staging.get_range(path, 0, _table(record).head)
                found.append(KeyFile(number, part, path, head))
        return found


def _table(record: RunRecord) -> KeyTable:
    return NAMED_KEYS if record.request.mode == MIRROR else KEYS
