"""Generates the rows of a window, slice by slice. This is where the reports' own code runs."""

import marshal
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

from outlast.generating.part_contents import ROW_BYTES, PartContents
from outlast.generating.read_values import ReadValues
from outlast.generating.row_generator import AnyRow, Documents, Kept, RowGenerator
from outlast.generating.row_window import Limits, RowWindow, Slice, Staged
from outlast.inputs import rows_format
from outlast.inputs.corrected import corrected_rows
from outlast.report import Report
from outlast.staging.rejects import MOST_LISTED, Reject, fields_as

UNLISTED_BYTES = 150
"""Memory that a reject takes of which only the row is kept, about."""
Mark = Callable[[int], None]


def rows_of(window: RowWindow, data: bytes) -> Iterator[AnyRow]:
    """The rows of a window, whose bytes are `data`."""
    if window.corrected:
        return corrected_rows(data, window.read_as(), window.columns)
    form = rows_format(window.read_as())
    row = window.row - window.before
    rows = [form.overlong(data, window.columns, row)] if window.overlong else form.rows(data, window.columns, row)
    if not window.before:
        return iter(rows)
    return (one._replace(number=one.number + window.before) for one in rows)


def generator_for(report: Report[Any], reference: Any, window: RowWindow) -> RowGenerator:
    """What makes the documents of the rows of a window."""
    reading = window.read_as()
    values, typed = ReadValues.of(report.row, reading), bool(reading.typed)
    return RowGenerator(report, reference, window.generation, values, typed=typed, mode=window.mode)


@dataclass(slots=True)
class RowSlicer:
    """`mark` is called with the number of each row before its code runs, and with 0 after the last row of a slice.

    `contents` is what all slices so far have made, `taken` their number and `count` that of their rows. What is behind
    the first `_handed` documents, and `_rejects`, was not handed over.
    """

    generator: RowGenerator
    rows: Iterator[AnyRow]
    window: RowWindow
    clock: Callable[[], float]
    mark: Mark
    next_row: int = 0
    offset: int = 0
    contents: PartContents = field(default_factory=PartContents)
    taken: int = 0
    count: int = 0
    _handed: int = 0
    _rejects: list["RejectMade"] = field(default_factory=list)
    _refused: dict[int, tuple[str, str]] = field(init=False)

    def __post_init__(self) -> None:
        self.next_row, self.offset = self.window.row, self.window.offset
        self._refused = {row: (code, message) for row, code, message in self.window.refused}

    def take(self, limits: Limits) -> Slice:
        """The next rows, at least one, until a limit is reached."""
        until, collected = self.clock() + limits.seconds, self._begin()
        most, row, generated = limits.most_rejects(), None, self._way()
        for row in self.rows:
            self.mark(row.number)
            self._add(row, generated(row), collected)
            if collected.size > limits.room or len(collected.rejects) >= most:
                break
            if self.clock() >= until and row.number >= limits.through:
                break
        self.mark(0)
        if row is not None:
            self.next_row, self.offset = row.number + 1, self.window.offset + row.end
        self.taken, self.count = self.taken + 1, self.count + collected.rows
        made = self._hand_over(collected) if limits.hand_over else self._keep(collected)
        return collected.slice(self.offset, self.next_row, self._ended(), made)

    def staged(self, chunk: int) -> Staged:
        """The part that all slices so far make."""
        return Staged(*self.contents.staged(chunk, self.count, self.window.mode))

    def _begin(self) -> "Collected":
        return Collected()

    def _hand_over(self, collected: "Collected") -> bytes:
        """What no slice has handed over so far."""
        made: Made = (self.contents.documents[self._handed :], [*self._rejects, *collected.rejects])
        self._handed, self._rejects = len(self.contents.documents), []
        return marshal.dumps(made)

    def _keep(self, collected: "Collected") -> bytes:
        self._rejects += collected.rejects
        return b""

    def _add(self, row: AnyRow, generated: Documents | Reject, collected: "Collected") -> None:
        if isinstance(generated, Reject):
            collected.refuse(generated)
            self.contents.refuse(generated)
        else:
            collected.add(len(generated), self.contents.add(generated))

    def _way(self) -> Callable[[AnyRow], Documents | Reject]:
        """How a row is generated. Most windows have neither refused rows nor a file to name."""
        return self._generated if self._refused or self.window.file else self.generator.generate

    def _generated(self, row: AnyRow) -> Documents | Reject:
        made = self._made(row)
        return self._named(made) if self.window.file and isinstance(made, Reject) else made

    def _named(self, reject: Reject) -> Reject:
        """A reject that says its file, and shows the columns of the first one."""
        text = f"{self.window.file}, row {reject.row - self.window.before}: {reject.message}"
        fields = fields_as(reject.fields, self.window.columns, self.window.shown)
        return replace(reject, message=text, fields=fields)

    def _made(self, row: AnyRow) -> Documents | Reject:
        if row.number in self._refused:
            code, message = self._refused[row.number]
            return self.generator.refused(row, code, message)
        return self.generator.generate(row)

    def _ended(self) -> bool:
        following = next(self.rows, None)
        if following is not None:
            self.rows = chain([following], self.rows)
        return following is None


RejectMade = tuple[int, str, str, str, list[str], int]
Made = tuple[list[Kept], list[RejectMade]]
"""Documents; rejects."""


@dataclass(slots=True)
class Collected:
    """What a slice has so far, beside its documents."""

    rejects: list[RejectMade] = field(default_factory=list)
    rows: int = 0
    size: int = 0
    staged_bytes: int = 0

    def add(self, documents: int, size: int) -> None:
        """Add the documents of a row, whose bodies have `size` bytes."""
        self.rows += 1
        self.size += size + ROW_BYTES * documents
        self.staged_bytes += size

    def refuse(self, reject: Reject) -> None:
        """Keep a reject; of one that will not be listed only its row."""
        self.rows += 1
        if len(self.rejects) >= MOST_LISTED:
            self.rejects.append((reject.row, "", "", "", [], reject.rows))
            self.size += UNLISTED_BYTES
            return
        self.rejects.append((reject.row, reject.column, reject.code, reject.message, reject.fields, reject.rows))
        self.size += sum(map(len, reject.fields)) + ROW_BYTES

    def slice(self, offset: int, row: int, ended: bool, made: bytes) -> Slice:
        return Slice(
            self.rows,
            offset,
            row,
            ended,
            self.size,
            rejected=len(self.rejects),
            staged_bytes=self.staged_bytes,
            made=made,
        )


def join_slices(chunk: int, slices: Iterable[Slice], mode: str) -> Staged:
    """One part of a chunk, from slices that follow each other."""
    contents, rows = PartContents(), 0
    for one in slices:
        rows += one.rows
        if not one.made:
            continue
        made: Made = marshal.loads(one.made)
        contents.documents += made[0]
        for reject in made[1]:
            contents.refuse(Reject(*reject))
    return Staged(*contents.staged(chunk, rows, mode))
