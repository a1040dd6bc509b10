import asyncio
from dataclasses import dataclass, field

import pytest

from outlast.cosmos.bulk.limits import Limits
from outlast.cosmos.bulk.staged_document import StagedDocument, join_staged
from outlast.deadline import Deadlines
from outlast.models import Totals
from outlast.staging.chunk_walk import ChunkWalk
from outlast.staging.left_out import LeftOut
from outlast.staging.parts import Generated
from outlast.staging.store import Staging
from outlast.staging.store_cursor import StoreCursor
from tests.fakes.clock import ManualClock

DOCUMENTS = [StagedDocument(row, b'"p"', b"0A", b'{"id":"%d"}' % row) for row in (2, 3)]
LENGTH = len(DOCUMENTS[0].encoded())


@dataclass(slots=True, kw_only=True)
class Walk(ChunkWalk[StoreCursor]):
    """Notes the part of each window that it reads, and takes it as done."""

    read: list[int] = field(default_factory=list)

    async def window(self, path: str) -> bool:
        self.read.append(self.cursor.part)
        window = await self.left_out.window(self.generated, self.cursor.part, path, self.cursor.offset)
        lost = self.cursor.lost + len(window.missing)
        self.cursor = StoreCursor(part=self.cursor.part, offset=window.end, lost=lost)
        return True


async def unchecked() -> None:
    """There is no fence."""


async def walk(left_out: LeftOut) -> Walk:
    """Go through a chunk of two parts with two documents each."""
    generated = Generated(Staging("memory:///"), "r1", 0)
    for part, cursor in enumerate(({"row": 4}, None)):
        await generated.keep(part, join_staged(DOCUMENTS), None, cursor, Totals(documents=2).to_dict())
    limits = Limits(Deadlines(100.0, ManualClock()).start(), unchecked)
    walking = Walk(container="c", generated=generated, limits=limits, left_out=left_out, cursor=StoreCursor())
    assert await walking.to_end()
    return walking


@pytest.mark.parametrize(
    ("places", "read"),
    [({}, [0, 1]), ({0: [0, LENGTH]}, [1]), ({0: [0, LENGTH], 1: [0]}, [1]), ({0: [0, LENGTH], 1: [0, LENGTH]}, [])],
)
def test_a_part_of_which_nothing_is_sent_is_not_read(places: dict[int, list[int]], read: list[int]) -> None:
    """Its documents are counted as left out all the same."""
    walked = asyncio.run(walk(LeftOut(places)))
    assert walked.read == read
    assert walked.cursor.lost == sum(map(len, places.values()))
    assert (walked.cursor.part, walked.cursor.offset) == (2, 0)
