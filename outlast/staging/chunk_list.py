"""The chunks of a run's input, as `read_input_file` stages them."""

from dataclasses import dataclass

import orjson

from outlast.inputs import Chunk
from outlast.models import Json


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
