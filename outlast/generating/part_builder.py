"""Fills one part of a chunk, slice by slice, until it ends by time, space or rows."""

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from outlast.carried_logs import LogBudget
from outlast.deadline import Deadline
from outlast.generating.part_limits import PartLimits
from outlast.generating.row_window import (
    Limits,
    NoTurn,
    RowCompute,
    RowsLost,
    RowStopped,
    RowWindow,
    Slice,
    SlicesLost,
    Staged,
    WindowData,
)
from outlast.models import Payload

PART_BYTES = 16 * 1024 * 1024
"""A part is closed at this size, so that neither rows with many documents nor many bad rows fill the memory."""
SLICE_SECONDS = 0.25
"""Computing in one piece. The lanes of a process take turns."""
MOST_LOSSES = 2
"""Times that the process may end at one row before the row is refused, or between rows before they are taken alone."""
TIMEOUT, CRASHED = "timeout", "crashed"
"""Codes of the rejects of rows whose code was stopped, or has ended its process."""


class Refusal(NamedTuple):
    """A row whose code failed the process, and how it is rejected."""

    row: int
    code: str
    message: str


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
    """`window` is what is left of the chunk, and `begin` is where the part begins.

    `taken` is false when the part ended before any row had its turn.
    """

    compute: RowCompute
    window: RowWindow
    data: WindowData
    begin: PartCursor
    deadline: Deadline
    limits: PartLimits = field(default_factory=PartLimits)
    slices: list[Slice] = field(default_factory=list)
    ended: bool = False
    logs: LogBudget = field(default_factory=LogBudget)
    _lost: Counter[int | None] = field(default_factory=Counter)
    _through: int = 0
    _careful: bool = False
    """Each slice is handed over, since one that was not was lost."""
    _handed: float = field(init=False)
    """When a slice was handed over last."""
    _behind: tuple[int, int] = field(init=False)
    """Offset and number of the row behind that slice, or of the part's first row."""
    _alone: bool = False
    """Each slice has one row, since a row has harmed the process in a way that shows only behind it."""

    def __post_init__(self) -> None:
        self._handed = self.deadline.clock()
        self._behind = (self.window.offset, self.window.row)

    @property
    def taken(self) -> bool:
        return bool(self.slices)

    @property
    def next(self) -> PartCursor | None:
        """The cursor behind the part; None where the chunk ends with it."""
        last = self.slices[-1]
        return None if last.ended else PartCursor(self.begin.part + 1, last.offset, last.row, self._staged_of_chunk())

    async def fill(self) -> Refusal | None:
        """Take one more slice. Returns a refusal when a row's code failed instead; the next slice leaves it out."""
        remaining = self.deadline.remaining()
        try:
            self._add(await self.compute.take(self.window, self.data, self._limits(remaining), remaining))
        except NoTurn:
            self.ended = True
        except SlicesLost:
            self._go_back()
        except RowStopped as error:
            self._go_back()
            return self._refuse(Refusal(error.row, TIMEOUT, str(error)))
        except RowsLost as error:
            return self._count_loss(error)
        return None

    async def staged(self, chunk: int) -> Staged:
        """The part. Raises SlicesLost where it has not ended, because what was made of it was lost."""
        try:
            return await self.compute.join(self.window, chunk, self.slices)
        except SlicesLost:
            self._go_back()
            raise

    def _limits(self, remaining: float) -> Limits:
        most = self.limits.left(self._rejected())
        if self._alone:
            return Limits(seconds=0.0, room=0, rejects=most)
        hand_over = self._careful or self.deadline.clock() >= self._handed + self.deadline.redone
        return Limits(min(SLICE_SECONDS, remaining), PART_BYTES - self._size(), self._through, most, hand_over)

    def _size(self) -> int:
        return sum(one.size for one in self.slices)

    def _rejected(self) -> int:
        return sum(one.rejected for one in self.slices)

    def _staged_of_chunk(self) -> int:
        """Bytes of documents of this part and those before."""
        return self.begin.staged + sum(one.staged_bytes for one in self.slices)

    def _add(self, one: Slice) -> None:
        self.slices.append(one)
        self.logs.log(one.logs)
        self.window = replace(self.window, offset=one.offset, row=one.row, bound=not one.made)
        if one.made:
            self._handed, self._behind = self.deadline.clock(), (one.offset, one.row)
        self.limits.check_staged(self._staged_of_chunk())
        full = self._size() > PART_BYTES or self.limits.left(self._rejected()) == 0
        self.ended = one.ended or full or self.deadline.passed()

    def _count_loss(self, error: RowsLost) -> Refusal | None:
        row = self.window.row if error.row is None and self._alone else error.row
        self._go_back()
        self._lost[row] += 1
        if self._lost[row] < MOST_LOSSES:
            return None
        if row is None:
            self._alone = True
            return None
        text = f"the row ended the process that generated it {MOST_LOSSES} times: {error}"
        return self._refuse(Refusal(row, CRASHED, text))

    def _refuse(self, refusal: Refusal) -> Refusal:
        """The next slice goes on up to this row even when the deadline has passed: a part that ends before it would
        make the next call run the row's code again."""
        self._through = refusal.row
        self.window = replace(self.window, refused=[*self.window.refused, (refusal.row, refusal.code, refusal.message)])
        return refusal

    def _go_back(self) -> None:
        """Begin again behind the last slice that was handed over. Under another key, because a process may still have
        what is made anew."""
        self._careful, self.ended = True, False
        if not self.window.bound:
            return
        while self.slices and not self.slices[-1].made:
            self.slices.pop()
        offset, row = self._behind
        self.window = replace(self.window, key=f"{self.window.key}'", offset=offset, row=row, bound=False)
