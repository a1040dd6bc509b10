"""The input of a run, wherever it lies: staged by the start endpoint, or a file of the inputs place."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import orjson

from outlast.errors import Permanent
from outlast.inputs import FORMATS, Chunk, Inflater, InputFormat
from outlast.models import Json
from outlast.runs.record import RunRecord
from outlast.staging.paths import body_path, chunks_path, input_path
from outlast.staging.store import Staging

MAX_INFLATED = 4 * 1024**3
MAX_RATIO = 200
"""Inflated over compressed. Text compresses by 3 to 30; beyond 200 it is a bomb."""


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file that does not change: read by byte range. `version` is the ETag it must still have, None for our own."""

    place: Staging
    path: str
    version: str | None

    async def size(self) -> int:
        size = await self.place.size(self.path)
        if size is None:
            raise Permanent(f"the input {self.path} is missing; it has been deleted since the run was accepted")
        return size

    async def read(self, offset: int, length: int) -> bytes:
        """At most `length` bytes; raise Permanent when the file is no longer the one that was accepted."""
        return await self.place.get_range(self.path, offset, length, self.version)


@dataclass(frozen=True, slots=True)
class ChunkList:
    """`chunks.json`: the input's columns (none for JSON Lines) and its chunks in order."""

    columns: list[str]
    chunks: list[Chunk]

    def encoded(self) -> bytes:
        chunks = [[c.offset, c.length, c.first_row, c.overlong] for c in self.chunks]
        return orjson.dumps({"columns": self.columns, "chunks": chunks})

    @staticmethod
    def decoded(data: bytes) -> "ChunkList":
        read: Json = orjson.loads(data)
        return ChunkList(read["columns"], [Chunk(*chunk) for chunk in read["chunks"]])


@dataclass(frozen=True, slots=True)
class InputFiles:
    """Finds the input of a run. `inputs` is the place that references point into."""

    staging: Staging
    inputs: Staging

    def posted(self, record: RunRecord) -> InputFile:
        """The input as it came: maybe gzipped."""
        if record.request.reference is not None:
            return InputFile(self.inputs, record.request.reference, record.request.reference_etag)
        return InputFile(self.staging, body_path(record.id, record.request.body), None)

    def opened(self, record: RunRecord) -> InputFile:
        """The input as it is read: never gzipped."""
        return InputFile(self.staging, input_path(record.id), None) if record.request.gzipped else self.posted(record)

    async def inflate(self, record: RunRecord) -> None:
        """Write the input as it is read, where it came gzipped; raise BadInput for a damaged file or a bomb."""
        await self.staging.put_stream(input_path(record.id), _inflated(self.posted(record)))

    async def chunks(self, run: str, so_far: int | None = None) -> ChunkList:
        return ChunkList.decoded(await self.staging.need(chunks_path(run, so_far)))


def format_of(record: RunRecord) -> InputFormat:
    return FORMATS[record.request.format]


async def _inflated(posted: InputFile) -> AsyncIterator[bytes]:
    inflater, size, offset = Inflater(MAX_INFLATED, MAX_RATIO), await posted.size(), 0
    while offset < size:
        data = await posted.read(offset, 1024 * 1024)
        offset += len(data)
        for piece in inflater.feed(data):
            yield piece
    inflater.finish()
