"""Fills one part from a chunk's rows, in slices of computing time, until it ends by time, space or rows."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from outlast.deadline import Deadline
from outlast.generating.part_contents import PartContents
from outlast.generating.part_limits import PartLimits
from outlast.generating.row_generator import AnyRow, RowGenerator
from outlast.models import Payload, Totals
from outlast.staging.rejects import Reject

PART_BYTES = 16 * 1024 * 1024
"""A part is closed at this size, so that neither rows with many documents nor many bad rows fill the memory."""


@dataclass(frozen=True, slots=True)
class PartCursor(Payload):
    """Where the next part begins: byte `offset` of the chunk, at row `row` (None: the first of the chunk).

    `staged` is the size in bytes of the documents in all parts before.
    """

    part: int = 0
    offset: int = 0
    row: int | None = None
    staged: int = 0


@dataclass(slots=True)
class PartBuilder:
    """`next` is the cursor behind the part; None where the chunk ends with it."""

    generator: RowGenerator
    rows: Iterator[AnyRow]
    begin: PartCursor
    deadline: Deadline
    limits: PartLimits = field(default_factory=PartLimits)
    contents: PartContents = field(default_factory=PartContents)
    next: PartCursor | None = None
    ended: bool = False
    count: int = 0

    def fill(self, until: float) -> None:
        """Take rows until that instant, or to the part's end: no more rows, time or space, or too many rejects.

        Raises Permanent when the chunk or the run has made too many bytes of documents.
        """
        for row in self.rows:
            self._take(row)
            self.limits.check_staged(self.begin.staged + self.contents.staged_bytes)
            if self.deadline.passed() or self.contents.size > PART_BYTES or self.limits.ends(self.contents.rejected):
                self.ended, self.next = True, self._after(row)
                return
            if self.deadline.clock() >= until:
                return
        self.ended = True

    def staged(self, chunk: int) -> tuple[bytes, bytes | None, Totals]:
        return self.contents.staged(chunk, self.count)

    def _take(self, row: AnyRow) -> None:
        self.count += 1
        generated = self.generator.generate(row)
        if isinstance(generated, Reject):
            self.contents.refuse(generated)
        else:
            self.contents.add(row, generated)

    def _after(self, row: AnyRow) -> PartCursor | None:
        if next(self.rows, None) is None:
            return None
        staged = self.begin.staged + self.contents.staged_bytes
        return PartCursor(self.begin.part + 1, self.begin.offset + row.end, row.number + 1, staged)
