"""The files that a run reads: its input, the list of its chunks, and what the report read from the database."""

from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar

import orjson

from outlast.errors import Permanent
from outlast.inputs import Chunk, Reading, Wanted, is_copied
from outlast.models import Json
from outlast.runs.record import RunRecord
from outlast.staging.chunk_list import ChunkList
from outlast.staging.copying import Convert, copied
from outlast.staging.digest import HashedFile
from outlast.staging.find_reading import find_reading
from outlast.staging.inflated import InflatedFile
from outlast.staging.parsed import InThread, ParsedFiles
from outlast.staging.paths import (
    body_path,
    chunks_path,
    correction_chunks_path,
    correction_path,
    cut_cursor_path,
    groups_path,
    reference_path,
)
from outlast.staging.queried import QueriedFile, QuerySource
from outlast.staging.shards import GroupIndex
from outlast.staging.store import Staging

MAX_INFLATED = 4 * 1024**3
"""Bytes of the inflated copy of a compressed input. It is staged in pieces, so that its size does not cost memory."""
MAX_COPIED = 4 * 1024**3
"""Bytes of an input that is copied and not compressed. Each call begins at the first byte, within its deadline."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file that does not change, read by byte range. `version` is the ETag that it must still have, if not None."""

    store: Staging
    path: str
    version: str | None

    async def size(self) -> int:
        """Bytes of the file. Raises Permanent when it is missing."""
        size = await self.store.size(self.path)
        if size is None:
            raise Permanent(f"the input {self.path} is missing; it has been deleted since the run was accepted")
        return size

    async def read(self, offset: int, length: int) -> bytes:
        """At most `length` bytes. Raises Permanent when the file is not the one that was accepted."""
        return await self.store.get_range(self.path, offset, length, self.version)

    def read_now(self, offset: int, length: int) -> bytes:
        """As `read`, but waits: for a thread."""
        return self.store.get_range_now(self.path, offset, length, self.version)


class ReadableFile(Protocol):
    """What rows are read from."""

    async def size(self) -> int: ...
    async def read(self, offset: int, length: int) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Source:
    """A file of the input: its number, its path where there are several, and how it is read as far as that is known."""

    number: int
    path: str
    posted: InputFile
    reading: Reading


@dataclass(slots=True)
class InputFiles:
    """Finds and reads the files of a run. `inputs` is the inputs location, which a run's reference points into."""

    staging: Staging
    inputs: Staging
    in_thread: InThread | None = None
    queries: QuerySource | None = None
    convert: Convert | None = None
    parsed: ParsedFiles = field(init=False)

    def __post_init__(self) -> None:
        self.parsed = ParsedFiles(self.staging, self.in_thread)

    async def sources(self, record: RunRecord) -> list[Source]:
        """The files that are the input, in their order."""
        if not record.request.several:
            return [Source(0, "", self._posted(record), reading_of(record))]
        listed = orjson.loads(await self.staging.need(body_path(record.id, record.request.body)))
        said = Reading.from_dict(record.request.reading)
        return [Source(n, path, InputFile(self.inputs, path, etag), said) for n, (path, etag) in enumerate(listed)]

    async def source_of(self, record: RunRecord, listed: ChunkList, chunk: Chunk) -> Source:
        """The file of a chunk."""
        source = (await self.sources(record))[chunk.file]
        reading = listed.part(chunk).reading
        return replace(source, reading=Reading.from_dict(reading)) if reading else source

    def readable(self, record: RunRecord, source: Source) -> ReadableFile:
        """What rows are read from: the file as it was posted, its staged copy, or what a query has returned."""
        if record.request.query is not None:
            return QueriedFile(self.staging, record.id)
        return InflatedFile(self.staging, record.id, source.number) if is_copied(source.reading) else source.posted

    async def detected(self, source: Source) -> Source:
        """The source with its format, compression and encoding found. Raises BadInput."""
        return replace(source, reading=await find_reading(source.path, source.posted, source.reading, self._in_thread))

    async def copy(self, record: RunRecord, source: Source, enough: Callable[[], Awaitable[bool]]) -> bool:
        """Stage what is missing of the copy of a file that rows cannot be read from; return whether it is whole.

        `enough` is asked after each piece. Raises BadInput when the file is damaged or the copy exceeds a limit.
        """
        if record.request.query is not None and self.queries is not None:
            return await self.queries.stage(self.staging, record, enough)
        if not is_copied(source.reading):
            return True
        copy = InflatedFile(self.staging, record.id, source.number)
        if await copy.find_size() is not None:
            return True
        most = MAX_INFLATED if source.reading.compression else MAX_COPIED
        posted = HashedFile(source.posted, self._in_thread)
        file, size, wanted = _Posted(posted, source.posted), await source.posted.size(), wanted_of(record)
        async with aclosing(copied(file, source.reading, wanted, self._in_thread, most, self.convert)) as pieces:
            return await copy.stage(
                pieces, enough, lambda: posted.stretch.sha256 if posted.stretch.bytes == size else None
            )

    async def sent_sha256(self, record: RunRecord, listed: ChunkList) -> str | None:
        """The hash of the input as it was sent; None where no single call has read it in order, or it has files."""
        if record.request.several:
            return None
        if record.request.sha256 is not None:
            return record.request.sha256
        [source] = await self.sources(record)
        if is_copied(source.reading):
            return await InflatedFile(self.staging, record.id).find_sha256()
        return listed.read[0].sha256 if len(listed.read) == 1 else None

    @property
    def _in_thread(self) -> InThread:
        return self.in_thread or _here

    def _posted(self, record: RunRecord) -> InputFile:
        if record.request.reference is not None:
            return InputFile(self.inputs, record.request.reference, record.request.reference_etag)
        return InputFile(self.staging, body_path(record.id, record.request.body), None)

    async def chunks(self, record: RunRecord) -> ChunkList:
        """The run's whole chunk list: the input's chunks, then those of its corrections. All calls of the process share
        it, so it must not be changed."""
        edition = record.request.accepted
        listed = await self.parsed.get(chunks_path(record.id), edition, ChunkList.decoded)
        if not record.status.corrections:
            return listed
        paths = [correction_chunks_path(record.id, name) for name in record.status.corrections]
        more = [chunk for path in paths for chunk in await self.parsed.get(path, edition, _correction_chunks)]
        return replace(listed, chunks=[*listed.chunks, *more])

    async def read_chunk(
        self, record: RunRecord, listed: ChunkList, chunk: Chunk, offset: int = 0, length: int | None = None
    ) -> bytes:
        """The bytes of a chunk from byte `offset` of it on, at most `length`."""
        most = chunk.length - offset if length is None else length
        if chunk.correction:
            path = correction_path(record.id, record.status.corrections[chunk.correction - 1])
            return await self.staging.get_range(path, chunk.offset + offset, most)
        file = self.readable(record, await self.source_of(record, listed, chunk))
        return await file.read(chunk.offset + offset, most)

    async def first_chunks(self, run: str, count: int) -> ChunkList:
        """The list of the first `count` chunks, staged while the input is being cut; the caller's own copy."""
        return ChunkList.decoded(await self.staging.need(chunks_path(run, count)))

    async def find_chunks(self, run: str) -> ChunkList | None:
        """The whole chunk list, None while the input is not cut."""
        data = await self.staging.get(chunks_path(run))
        return None if data is None else ChunkList.decoded(data)

    async def find_cut_cursor(self, run: str) -> Json | None:
        """The cursor that a call of an earlier attempt staged while it cut the input."""
        data = await self.staging.get(cut_cursor_path(run))
        return None if data is None else orjson.loads(data)

    async def keep_cut_cursor(self, run: str, cursor: Json) -> Json:
        """Stage the cursor of a call that ends before the input does, and return it."""
        await self.staging.put(cut_cursor_path(run), orjson.dumps(cursor))
        return cursor

    async def group_index(self, record: RunRecord) -> GroupIndex:
        """Where the groups of a grouped report's run are. All calls of the process share it."""
        return await self.parsed.get(groups_path(record.parts_folder), record.request.accepted, GroupIndex.decoded)

    async def find_group_index(self, run: str) -> GroupIndex | None:
        """The same, None while the groups are not divided."""
        data = await self.staging.get(groups_path(run))
        return None if data is None else GroupIndex.decoded(data)

    async def stored_chunks(self, record: RunRecord) -> int:
        """The number of chunks whose documents are stored: those of the input, or the shards of a grouped report."""
        if record.request.grouped:
            return len((await self.group_index(record)).shards)
        return len((await self.chunks(record)).chunks)

    async def reference(self, record: RunRecord) -> bytes:
        """What `read_data_from_db` returned for the run, as JSON."""
        return await self.staging.need(reference_path(record.parts_folder))


def reading_of(record: RunRecord) -> Reading:
    """How the input is read, as far as the start could find it."""
    found = Reading.from_dict(record.request.reading)
    before = Reading(format=record.request.format, compression="gzip" if record.request.gzipped else "")
    return found if found.compression == "zip" else found.over(before)


def wanted_of(record: RunRecord) -> Wanted:
    """What the report reads of the input."""
    return Wanted.from_dict({**Wanted.anything().to_dict(), **record.request.wanted})


@dataclass(frozen=True, slots=True)
class _Posted:
    """A file that is hashed while it is read in order. What a thread reads anywhere in it is not hashed."""

    hashed: HashedFile
    file: InputFile

    async def size(self) -> int:
        return await self.file.size()

    async def read(self, offset: int, length: int) -> bytes:
        return await self.hashed.read(offset, length)

    def read_now(self, offset: int, length: int) -> bytes:
        return self.file.read_now(offset, length)


def _correction_chunks(data: bytes) -> list[Chunk]:
    listed = orjson.loads(data)
    return [Chunk(offset, length, row, correction=number) for offset, length, row, number in listed]


async def _here(work: Callable[[], T]) -> T:
    return work()
