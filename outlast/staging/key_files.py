"""Finds the keys that the parts of a run have staged. A process lists them once for all calls that need them."""

import asyncio
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

from outlast.deadline import Deadline
from outlast.inputs import Chunk
from outlast.runs.fence import Fence
from outlast.runs.record import RunRecord
from outlast.staging.corrections import Corrections
from outlast.staging.document_keys import BUCKETS, ENTRY, OFFSETS, Loser, range_of, rows_of_entries, without_rows
from outlast.staging.input import InputFiles
from outlast.staging.parts import Generated
from outlast.staging.resolved import Lost, Stretch

AT_ONCE = 32
"""Reads of the staging location at the same time."""
MOST_RUNS = 4
"""Runs whose lists are kept. A list takes about 1.2 KB a part."""


@dataclass(frozen=True, slots=True)
class KeyFile:
    """The keys of one part: its path, its first row, and where its entries of each first byte lie."""

    first_row: int
    chunk: int
    part: int
    path: str
    offsets: bytes

    @property
    def documents(self) -> int:
        return range_of(self.offsets, 0, BUCKETS)[1] // ENTRY.size


@dataclass(frozen=True, slots=True)
class RunKeys:
    """The key files of a run in the order of its rows."""

    files: Sequence[KeyFile]
    chunks: int

    @property
    def documents(self) -> int:
        return sum(file.documents for file in self.files)

    def place(self, losers: Sequence[Loser]) -> list[Lost]:
        """Say in which part each of these documents lies. Every row is in one part."""
        firsts = [file.first_row for file in self.files]
        found = [(self.files[bisect_right(firsts, loser.row) - 1], loser) for loser in losers]
        return [_lost(file, loser) for file, loser in found]

    def find(self, losers: Sequence[Loser], pieces: Sequence[bytes]) -> list[Lost]:
        """The same where the rows of a part are anywhere in the input. `pieces` are the entries of each file, as
        `KeyFiles.read` returns them."""
        wanted = {loser.row for loser in losers}
        file_of = {
            row: file
            for file, piece in zip(self.files, pieces, strict=True)
            for row in (wanted & rows_of_entries(piece) if wanted else ())
        }
        return [_lost(file_of[loser.row], loser) for loser in losers]


def _lost(file: KeyFile, loser: Loser) -> Lost:
    return Lost(file.chunk, file.part, loser.offset, loser.row, loser.other)


@dataclass(slots=True)
class _Listing:
    """What is known of a run's key files: those of its first chunks."""

    files: list[KeyFile] = field(default_factory=list)
    chunks: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(frozen=True, slots=True)
class KeyFiles:
    files: InputFiles
    _known: OrderedDict[tuple[str, str], _Listing] = field(default_factory=OrderedDict)

    async def of(self, record: RunRecord, fence: Fence, deadline: Deadline) -> RunKeys | None:
        """The key files of a run whose parts are all staged; None when time was up, and the next call goes on."""
        chunks = await self._chunks(record)
        listing = self._known.setdefault((record.parts_folder, record.request.accepted), _Listing())
        self._known.move_to_end((record.parts_folder, record.request.accepted))
        while len(self._known) > MOST_RUNS:
            self._known.popitem(last=False)
        async with listing.lock:
            while listing.chunks < len(chunks):
                await fence.check()
                await self._list(record.parts_folder, chunks, listing)
                if deadline.passed() and listing.chunks < len(chunks):
                    return None
        return RunKeys(listing.files, len(chunks))

    async def _chunks(self, record: RunRecord) -> Sequence[Chunk]:
        """The chunks whose documents are stored. The rows of a shard are anywhere in the input."""
        if record.request.grouped:
            return [Chunk(0, 0, 0)] * await self.files.stored_chunks(record)
        return (await self.files.chunks(record)).chunks

    async def read(self, record: RunRecord, keys: RunKeys, stretch: Stretch) -> list[bytes]:
        """The entries of these buckets, a piece a part, without those of rows that were corrected since."""
        gate, chunks = asyncio.Semaphore(AT_ONCE), await self._chunks(record)

        async def entries(file: KeyFile) -> bytes:
            begin, length = range_of(file.offsets, *stretch)
            async with gate:
                piece = await self.files.staging.get_range(file.path, begin, length) if length else b""
            later = await Corrections(self.files).later(record, chunks[file.chunk])
            return without_rows(piece, later) if later else piece

        return await asyncio.gather(*(entries(file) for file in keys.files))

    async def _list(self, run: str, chunks: Sequence[Chunk], listing: _Listing) -> None:
        after = min(len(chunks), listing.chunks + AT_ONCE)
        numbers = range(listing.chunks, after)
        found = await asyncio.gather(*(self._of_chunk(run, number, chunks[number]) for number in numbers))
        listing.files += [file for files in found for file in files]
        listing.chunks = after

    async def _of_chunk(self, run: str, number: int, chunk: Chunk) -> list[KeyFile]:
        generated, found, row = Generated(self.files.staging, run, number), list[KeyFile](), chunk.first_row
        async for part, answer in generated.parts():
            if answer.entries:
                path = generated.path(part, answer.entries)
                offsets = await self.files.staging.get_range(path, 0, OFFSETS.size)
                found.append(KeyFile(row, number, part, path, offsets))
            row = (answer.cursor or {}).get("row") or row
        return found
