"""The chunks of a run's input, as `read_input_file` stages them."""

from dataclasses import dataclass, field

import orjson

from outlast.inputs import Chunk
from outlast.models import Json


@dataclass(frozen=True, slots=True)
class ChunkList:
    """`chunks.json`: the input's columns (none for JSON Lines), its chunks in order, and how it is read.

    `reading` is what `Reading.said` returns. It is empty in lists of before it was kept.
    """

    columns: list[str]
    chunks: list[Chunk]
    reading: Json = field(default_factory=dict)

    def encoded(self) -> bytes:
        chunks = [[c.offset, c.length, c.first_row, c.overlong] for c in self.chunks]
        return orjson.dumps({"columns": self.columns, "chunks": chunks, "reading": self.reading})

    @staticmethod
    def decoded(data: bytes) -> "ChunkList":
        read: Json = orjson.loads(data)
        return ChunkList(read["columns"], [Chunk(*chunk) for chunk in read["chunks"]], read.get("reading", {}))
