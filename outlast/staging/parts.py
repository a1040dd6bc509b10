"""What is staged of a chunk: parts, each the work of one call, named by their content and fixed by their answer.

Two calls that run at once may cut a part at different rows. Each writes under its content's hash, and the answer that
is there first says which of the two is the part; the other stays unread.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import orjson

from outlast.models import Json, Payload
from outlast.staging.paths import content_name, generated_path
from outlast.staging.store import Staging


@dataclass(frozen=True, slots=True)
class PartAnswer(Payload):
    """`{part}.json`. `cursor` None: the chunk ends with this part. `rejects` None: it has none."""

    cursor: Json | None
    totals: Json
    documents: str
    size: int
    rejects: str | None


@dataclass(frozen=True, slots=True)
class Generated:
    """The parts of one chunk of a run."""

    staging: Staging
    run: str
    chunk: int

    async def find(self, part: int) -> PartAnswer | None:
        data = await self.staging.get(self.path(part, "json"))
        return PartAnswer.from_dict(orjson.loads(data)) if data is not None else None

    async def keep(
        self, part: int, documents: bytes, rejects: bytes | None, cursor: Json | None, totals: Json
    ) -> PartAnswer:
        """Stage a part and return its answer: ours, or that of another call that was first."""
        answer = PartAnswer(
            cursor=cursor,
            totals=totals,
            documents=await self._put(part, documents, "jsonl"),
            size=len(documents),
            rejects=await self._put(part, rejects, "rejects.csv") if rejects else None,
        )
        if await self.staging.put_if_absent(self.path(part, "json"), orjson.dumps(answer.to_dict())):
            return answer
        first = await self.find(part)
        return first or answer

    async def parts(self) -> AsyncIterator[tuple[int, PartAnswer]]:
        """Every part in order, up to the one that ends the chunk or the last that is there."""
        part = 0
        while (answer := await self.find(part)) is not None:
            yield part, answer
            if answer.cursor is None:
                return
            part += 1

    def path(self, part: int, name: str) -> str:
        return generated_path(self.run, self.chunk, part, name)

    async def _put(self, part: int, data: bytes, ending: str) -> str:
        name = content_name(data, ending)
        await self.staging.put(self.path(part, name), data)
        return name
