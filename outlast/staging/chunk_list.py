"""The chunks of a run's input, as `read_input_file` stages them."""

from bisect import bisect_left
from dataclasses import asdict, dataclass, field

import orjson

from outlast.inputs import Chunk
from outlast.models import Json
from outlast.staging.digest import Stretch


@dataclass(frozen=True, slots=True)
class InputPart:
    """One of the files that are the input together.

    Rows are numbered on from file to file, and `before` is what a row's number has more than in its own file.
    """

    path: str
    columns: list[str]
    reading: Json
    before: int = 0


@dataclass(frozen=True, slots=True)
class ChunkList:
    """`chunks.json`: the input's columns (none for JSON Lines), its chunks in order, and how it is read.

    `reading` is what `Reading.said` returns. It is empty in lists of before it was kept. Where the input is several
    files, `columns` and `reading` are those of the first, and `files` has all of them. `read` has the hash of the input
    as it was read, in the stretches of the calls; it is empty as long as the input is not read to its end.
    """

    columns: list[str]
    chunks: list[Chunk]
    reading: Json = field(default_factory=dict)
    files: list[InputPart] = field(default_factory=list)
    read: list[Stretch] = field(default_factory=list)

    def part(self, chunk: Chunk) -> InputPart:
        """The file of a chunk. Its path is empty where the input is one file."""
        return self.files[chunk.file] if self.files else InputPart("", self.columns, self.reading)

    def place(self, row: int) -> str:
        """Where a row is: its number, or its file and its number there."""
        if not self.files:
            return f"row {row}"
        part = self.files[bisect_left(self.files, row, key=lambda one: one.before) - 1]
        return f"{part.path}, row {row - part.before}"

    def encoded(self) -> bytes:
        chunks = [[c.offset, c.length, c.first_row, c.overlong, *([c.file] if c.file else [])] for c in self.chunks]
        files = [asdict(one) for one in self.files]
        said: Json = {"columns": self.columns, "chunks": chunks, "reading": self.reading, "files": files}
        return orjson.dumps({**said, "read": [list(one) for one in self.read]})

    @staticmethod
    def decoded(data: bytes) -> "ChunkList":
        read: Json = orjson.loads(data)
        files = [InputPart(**one) for one in read.get("files", [])]
        chunks, stretches = [Chunk(*one) for one in read["chunks"]], [Stretch(*one) for one in read.get("read", [])]
        return ChunkList(read["columns"], chunks, read.get("reading", {}), files, stretches)
