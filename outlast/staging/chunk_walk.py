"""Goes through the staged documents of a chunk, window by window, as far as one call comes."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Generic, Self, TypeVar

from outlast.cosmos.bulk.limits import Limits
from outlast.models import Payload, Totals
from outlast.staging.left_out import LeftOut
from outlast.staging.parts import Generated, PartAnswer


@dataclass(frozen=True, slots=True)
class WalkCursor(Payload):
    """How far the calls so far got: every document before byte `offset` of part `part` is done, and those `ahead`."""

    part: int = 0
    offset: int = 0
    ahead: Sequence[Sequence[int]] = ()
    """Ranges of documents behind `offset` that are done, numbered from there, without those that are left out."""

    def behind(self, answer: PartAnswer) -> Self:
        """The cursor behind the part where it stands, all of whose documents are left out."""
        return replace(self, offset=answer.size)


CursorT = TypeVar("CursorT", bound=WalkCursor)


@dataclass(slots=True, kw_only=True)
class ChunkWalk(Generic[CursorT]):
    """One call. `totals` are what it has counted, `wait` the seconds before the next one."""

    container: str
    generated: Generated
    limits: Limits
    left_out: LeftOut
    cursor: CursorT
    totals: Totals = field(default_factory=Totals)
    wait: float = 0.0

    async def to_end(self) -> bool:
        """Do window after window from the cursor on; return whether the chunk is done."""
        while (part := await self.generated.find(self.cursor.part)) is not None:
            if self.cursor.offset == 0 and self.left_out.is_all(self.cursor.part, part):
                self.cursor = self.cursor.behind(part)
            path = self.generated.path(self.cursor.part, part.documents)
            while self.cursor.offset < part.size:
                if self.limits.deadline.passed() or not await self.window(path):
                    return False
            self.cursor = replace(self.cursor, part=self.cursor.part + 1, offset=0)
            if part.cursor is None:
                return True
        return True

    async def window(self, path: str) -> bool:
        """Do the next window of a part's file; return whether all of it is done."""
        raise NotImplementedError
