"""The staged documents and rejects of a chunk, in parts. Each call of `generate_report` stages one part.

Two calls that run at the same time may end a part at different rows. Each stages files that are named by their content,
and then an answer that names them. The first answer decides what the part is; the files of the other call stay unread.
"""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

import orjson

from outlast.models import Bytes, Json, Payload
from outlast.staging.paths import GENERATED, content_name, generated_path, hashed_name
from outlast.staging.store import Staging


@dataclass(frozen=True, slots=True)
class PartAnswer(Payload):
    """`{part}.json`. `cursor` is None in the last part of a chunk, `rejects` in a part without rejects.

    `documents`, `rejects` and `entries` are file names; `size` is the length of the documents file in bytes, `sha256`
    its hash. `report` is the hash of the source file of the report that generated the part.
    `entries` are the keys of the documents. A part of an earlier release has none in this form. A part of a grouped
    report's rows has a file of groups in place of documents.
    """

    cursor: Json | None
    totals: Json
    documents: str
    size: int
    rejects: str | None
    entries: str | None = None
    sha256: str = ""
    report: str = ""

    @property
    def content(self) -> str:
        """What tells the documents from others: their hash, or in a part of an earlier release the file name of it."""
        return self.sha256 or self.documents


@dataclass(frozen=True, slots=True)
class Generated:
    """The parts of one chunk of a run. `folder` is GROUPED for what the rows of a grouped report have added to groups;
    the documents of its groups are GENERATED, and their chunks are its shards."""

    staging: Staging
    run: str
    chunk: int
    folder: str = GENERATED

    async def find(self, part: int) -> PartAnswer | None:
        data = await self.staging.get(self.path(part, "json"))
        return PartAnswer.from_dict(orjson.loads(data)) if data is not None else None

    async def keep(
        self,
        part: int,
        documents: Bytes,
        rejects: bytes | None,
        cursor: Json | None,
        totals: Json,
        entries: bytes = b"",
        report: str = "",
    ) -> PartAnswer:
        """Stage a part and return its answer, which is that of another call if that was first."""
        sha256, ending = hashlib.sha256(documents).hexdigest(), "jsonl" if self.folder == GENERATED else "groups"
        answer = PartAnswer(
            cursor=cursor,
            totals=totals,
            documents=await self._put(part, documents, hashed_name(sha256, ending)),
            size=len(documents),
            rejects=await self._put(part, rejects, content_name(rejects, "rejects.csv")) if rejects else None,
            entries=await self._put(part, entries, content_name(entries, "entries")) if entries else None,
            sha256=sha256,
            report=report,
        )
        if await self.staging.put_if_absent(self.path(part, "json"), orjson.dumps(answer.to_dict())):
            return answer
        first = await self.find(part)
        return first or answer

    async def parts(self) -> AsyncIterator[tuple[int, PartAnswer]]:
        """The parts in order, up to the last one of the chunk or the last one that is staged so far."""
        part = 0
        while (answer := await self.find(part)) is not None:
            yield part, answer
            if answer.cursor is None:
                return
            part += 1

    def path(self, part: int, name: str) -> str:
        return generated_path(self.run, self.chunk, part, name, self.folder)

    async def _put(self, part: int, data: Bytes, name: str) -> str:
        await self.staging.put(self.path(part, name), data)
        return name
