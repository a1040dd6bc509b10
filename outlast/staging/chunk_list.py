"""The chunks of a run's input, as `read_input_file` stages them."""

from dataclasses import dataclass, field

import orjson

from outlast.inputs import Chunk
from outlast.models import Json
from outlast.staging.digest import Stretch


@dataclass(frozen=True, slots=True)
class ChunkList:
    """`chunks.json`: the input's columns (none for JSON Lines) and its chunks in order.

    `read` has the hash of the input as it was read; it is empty as long as the input is not read to its end.
    """

    columns: list[str]
    chunks: list[Chunk]
    read: list[Stretch] = field(default_factory=list)

    def encoded(self) -> bytes:
        chunks = [[c.offset, c.length, c.first_row, c.overlong] for c in self.chunks]
        return orjson.dumps({"columns": self.columns, "chunks": chunks, "read": [list(one) for one in self.read]})

    @staticmethod
    def decoded(data: bytes) -> "ChunkList":
        read: Json = orjson.loads(data)
        stretches = [Stretch(*one) for one in read.get("read", [])]
        return ChunkList(read["columns"], [Chunk(*chunk) for chunk in read["chunks"]], stretches)
