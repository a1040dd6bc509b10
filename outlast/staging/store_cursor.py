"""How far storing a chunk has come."""

from bisect import bisect_left
from dataclasses import dataclass, field, replace
from typing import Self

from outlast.cosmos.bulk.write_progress import WriteProgress
from outlast.models import Json, Totals
from outlast.staging.chunk_walk import WalkCursor
from outlast.staging.part_windows import PartWindow
from outlast.staging.parts import PartAnswer


@dataclass(frozen=True, slots=True)
class StoreCursor(WalkCursor):
    """A document is done when it is acknowledged: written, or refused by the database."""

    call: int = 0
    """Calls before the next one."""
    totals: Json = field(default_factory=lambda: Totals().to_dict())
    """What those calls counted."""
    sent_before: bool = False
    """Whether documents of the rest may have been sent before: a call was repeated, or an answer was lost."""
    refused: int = 0
    rejecting: tuple[str, ...] = ()
    """The files of the rejects that the calls staged."""
    unchanged: int = 0
    unchanging: tuple[str, ...] = ()
    """The files of the rows of unchanged documents that the calls staged."""
    lost: int = 0
    """Documents before `offset` that are left out."""
    corrections: int = 0
    """The corrections that the run had: another one leaves out other documents."""

    @classmethod
    def found(cls, staged: Json | None, corrections: int) -> Self:
        """The cursor of a call, for a run with so many corrections. Where others than before are left out now, the
        chunk begins anew: what it cost is counted on, and what it has stored is stored again."""
        before = cls(corrections=corrections) if staged is None else cls.from_dict(staged)
        if before.corrections == corrections:
            return before
        totals = Totals.from_dict(before.totals)
        spent = Totals(ru=totals.ru, throttled=totals.throttled, sends=totals.sends).to_dict()
        return cls(call=before.call, totals=spent, sent_before=True, corrections=corrections)

    def behind(self, answer: PartAnswer) -> Self:
        return replace(self, offset=answer.size, lost=self.lost + Totals.from_dict(answer.totals).documents)

    def after(self, window: PartWindow, progress: WriteProgress) -> Self:
        """The cursor behind what was acknowledged of a window."""
        offset = window.behind(progress.acknowledged)
        return replace(
            self,
            offset=offset,
            lost=self.lost + bisect_left(window.missing, offset),
            ahead=progress.next_ahead(),
            sent_before=self.sent_before or progress.unsure,
            refused=self.refused + len(progress.refused),
            unchanged=self.unchanged + len(progress.unchanged),
        )
