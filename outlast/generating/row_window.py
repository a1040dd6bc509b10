"""A stretch of a chunk's rows, the slice of it that is generated at a time, and who can generate it."""

import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from outlast.inputs import Reading
from outlast.models import Bytes, Json, Payload, Totals

DOCUMENTS, GROUPS, GROUP_DOCUMENTS = "documents", "groups", "group documents"
"""What `RowWindow.makes` may be."""


@dataclass(frozen=True, slots=True)
class RowWindow(Payload):
    """The rows of a chunk from byte `offset` on, up to the chunk's end. `row` is the number of the first one.

    `makes` is what is made of the rows: DOCUMENTS, GROUPS, or GROUP_DOCUMENTS, where each row is a group. `key` is the
    same for all windows of one call of `generate_report`. `generation` is the run of a snapshot report, `mode` the
    write mode. `reference` names what `read_data_from_db` returned. `refused` lists rows that must not be generated,
    each as number, code and message. `reading` says how the rows are read; where it is empty, as is usual for `format`.
    `file` is the path of one of several files: a reject names it and the row in it, whose number is less by `before`,
    and has its columns in the order of `shown`. `corrected`: the rows are those of a correction, each with its number.
    `bound`: what was made of the rows before was not handed over, so that only the process that has it can go on.
    """

    key: str
    run: str
    report: str
    generation: str | None
    reference: str
    format: str
    columns: list[str]
    row: int
    offset: int = 0
    overlong: bool = False
    refused: list[tuple[int, str, str]] = field(default_factory=list)
    makes: str = DOCUMENTS
    reading: Json = field(default_factory=dict)
    file: str = ""
    before: int = 0
    shown: list[str] = field(default_factory=list)
    mode: str = "upsert"
    corrected: bool = False
    bound: bool = False

    def read_as(self) -> Reading:
        """How the rows are read."""
        return Reading.from_dict({"format": self.format, **self.reading})


@dataclass(frozen=True, slots=True)
class Limits(Payload):
    """When a slice ends: after `seconds`, or when it has more than `room` bytes, but not before row `through`.

    It also ends with its reject number `rejects`, if that is not None. `hand_over`: the slice is to have what was made
    of its rows, and of those before it that had not.
    """

    seconds: float
    room: int
    through: int = 0
    rejects: int | None = None
    hand_over: bool = True

    def most_rejects(self) -> float:
        """Rejects with which a slice ends."""
        return math.inf if self.rejects is None else self.rejects


@dataclass(frozen=True, slots=True)
class Slice(Payload):
    """What was made of the next rows of a window: `rows` of them, up to byte `offset` of the chunk.

    The next row is `row`, or `ended` is true. `rejected` rows were refused, and the documents of the others have
    `staged_bytes`. `size` is the memory that the result takes. `logs` are the records that
    the report's code has logged. `made` is the result, readable for `join_slices` alone; it is empty where it was not
    handed over.
    """

    rows: int
    offset: int
    row: int
    ended: bool
    size: int
    rejected: int = 0
    staged_bytes: int = 0
    logs: list[Json] = field(default_factory=list)
    made: Bytes = b""


class Staged(NamedTuple):
    """A part as it is staged. `keys` says which documents it holds. `documents` may be groups instead.

    `rejects` is None when every row became documents.
    """

    documents: Bytes
    keys: bytes
    rejects: bytes | None
    totals: Totals


@dataclass(frozen=True, slots=True)
class WindowData:
    """The bytes of a chunk from `offset` on, and how to get the reference as JSON."""

    rows: bytes
    offset: int
    reference: Callable[[], Awaitable[bytes]]

    def begins(self, window: RowWindow) -> bool:
        """Whether nothing of the bytes has been generated, so that no process can have the rows yet."""
        return window.offset == self.offset

    def of(self, window: RowWindow) -> bytes:
        return self.rows[window.offset - self.offset :]


class RowStopped(Exception):
    """A row took longer than it may, and its code was stopped. `where` is the line at which that was, if known."""

    def __init__(self, row: int, seconds: float, where: str = "") -> None:
        self.row, self.where = row, where
        super().__init__(f"the row took longer than {seconds:g} s and was stopped{where and f' at {where}'}")


class RowsLost(Exception):
    """The process that generated rows ended at `row`; None: between two rows."""

    def __init__(self, row: int | None, reason: str) -> None:
        self.row = row
        super().__init__(reason)


class SlicesLost(Exception):
    """The process that had slices which were not handed over has ended, or has let them go."""


class NoTurn(Exception):
    """Others were generating for all the seconds that the caller could wait."""


class RowCompute(Protocol):
    """Runs the reports' own code."""

    async def take(self, window: RowWindow, data: WindowData, limits: Limits, patience: float) -> Slice:
        """Generate the next rows of a window. Waits at most `patience` seconds for a turn.

        Raises RowStopped, RowsLost, SlicesLost or NoTurn; nothing is kept of the slice then. With the first three, also
        nothing of the slices that were not handed over: take their rows again, under another key.
        """
        ...

    async def join(self, window: RowWindow, chunk: int, slices: Sequence[Slice]) -> Staged:
        """Join all slices of a window to one part. Raises SlicesLost."""
        ...
