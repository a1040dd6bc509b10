"""The files that a run reads: its input, the list of its chunks, and what the report read from the database."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import orjson

from outlast.errors import Permanent
from outlast.inputs import FORMATS, Chunk, Inflater, InputFormat
from outlast.inputs.corrected import CORRECTED
from outlast.models import Json
from outlast.runs.record import RunRecord
from outlast.staging.chunk_list import ChunkList
from outlast.staging.digest import HashedFile, Stretch
from outlast.staging.inflated import InflatedFile
from outlast.staging.parsed import InThread, ParsedFiles
from outlast.staging.paths import (
    body_path,
    chunks_path,
    correction_chunks_path,
    correction_path,
    cut_cursor_path,
    reference_path,
)
from outlast.staging.store import Staging

MAX_INFLATED = 4 * 1024**3
"""Bytes of the inflated copy of a gzipped input. It is staged in pieces, so its size does not matter for the memory."""
PIECE = 1024 * 1024
"""Bytes of the compressed input that are read at once."""


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


class ReadableFile(Protocol):
    """What rows are read from."""

    async def size(self) -> int: ...
    async def read(self, offset: int, length: int) -> bytes: ...


@dataclass(slots=True)
class InputFiles:
    """Finds and reads the files of a run. `inputs` is the inputs location, which a run's reference points into."""

    staging: Staging
    inputs: Staging
    in_thread: InThread | None = None
    parsed: ParsedFiles = field(init=False)

    def __post_init__(self) -> None:
        self.parsed = ParsedFiles(self.staging, self.in_thread)

    def posted(self, record: RunRecord) -> InputFile:
        """The input as it was posted, which may be gzipped."""
        if record.request.reference is not None:
            return InputFile(self.inputs, record.request.reference, record.request.reference_etag)
        return InputFile(self.staging, body_path(record.id, record.request.body), None)

    def uncompressed(self, record: RunRecord) -> ReadableFile:
        """The input as rows are read from it: the posted file, or its inflated copy if that is gzipped."""
        return InflatedFile(self.staging, record.id) if record.request.gzipped else self.posted(record)

    async def inflate(self, record: RunRecord, enough: Callable[[], Awaitable[bool]]) -> bool:
        """Stage what is missing of the inflated copy of a gzipped input; return whether it is whole.

        `enough` is asked after each piece. Raises BadInput when the input is damaged or inflates beyond a limit.
        """
        inflated = InflatedFile(self.staging, record.id)
        if await inflated.find_size() is not None:
            return True
        posted = HashedFile(self.posted(record), self.in_thread)
        return await inflated.stage(posted, _inflated(posted), enough)

    async def sent_sha256(self, record: RunRecord, read: Sequence[Stretch]) -> str | None:
        """The hash of the input as it was sent; None where it was read in several calls. `read`: as it was read."""
        if record.request.sha256 is not None:
            return record.request.sha256
        if record.request.gzipped:
            return await InflatedFile(self.staging, record.id).find_sha256()
        return read[0].sha256 if len(read) == 1 else None

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

    async def read_chunk(self, record: RunRecord, chunk: Chunk, offset: int, length: int) -> bytes:
        """At most `length` bytes of a chunk from byte `offset` of it on."""
        if not chunk.correction:
            return await self.uncompressed(record).read(chunk.offset + offset, length)
        path = correction_path(record.id, record.status.corrections[chunk.correction - 1])
        return await self.staging.get_range(path, chunk.offset + offset, length)

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

    async def keep_cut_cursor(
        self, run: str, offset: int, row: int, chunks: int, read: Sequence[Stretch] | None = None
    ) -> Json:
        """Stage the cursor of a call that ends before the input does, and return it. `read`: what is hashed so far."""
        stretches = None if read is None else [list(one) for one in read]
        cursor = {"offset": offset, "row": row, "chunks": chunks, "read": stretches}
        await self.staging.put(cut_cursor_path(run), orjson.dumps(cursor))
        return cursor

    async def reference(self, record: RunRecord) -> bytes:
        """What `read_data_from_db` returned for the run, as JSON."""
        return await self.staging.need(reference_path(record.id))


def format_of(record: RunRecord) -> InputFormat:
    return FORMATS[record.request.format]


def format_name(record: RunRecord, chunk: Chunk) -> str:
    """In which format the rows of a chunk are read."""
    return CORRECTED.name if chunk.correction else record.request.format


def _correction_chunks(data: bytes) -> list[Chunk]:
    listed = orjson.loads(data)
    return [Chunk(offset, length, row, correction=number) for offset, length, row, number in listed]


async def _inflated(posted: HashedFile) -> AsyncIterator[bytes]:
    inflater, size, offset = Inflater(MAX_INFLATED), await posted.size(), 0
    while offset < size:
        data = await posted.read(offset, PIECE)
        offset += len(data)
        for piece in inflater.feed(data):
            yield piece
    inflater.finish()
