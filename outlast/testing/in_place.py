"""Makes the documents of all rows in this process, by the code that makes them in a run."""

import heapq
import marshal
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from outlast.cosmos.bulk.staged_document import Patch, StagedDocument
from outlast.generating.row_slicer import RowSlicer
from outlast.generating.row_window import DOCUMENTS, GROUP_DOCUMENTS, GROUPS, Limits, RowWindow
from outlast.generating.slicers import slicer_of
from outlast.inputs import Chunk
from outlast.models import Json
from outlast.report import Report
from outlast.staging.group_file import OFFSETS, PREFIXES, gather
from outlast.staging.rejects import Reject
from outlast.testing.whole_input import WholeInput

NO_LIMITS = Limits(seconds=float("inf"), room=2**62)
SLOWEST = 5
"""Rows whose seconds are kept."""
OVERLONG_SHOWN = 64 * 1024
"""Bytes of an overlong record that its reject is made of."""


@dataclass(slots=True)
class Clock:
    """Notes how long each row takes. A slicer tells it the number of each row, and 0 at the end."""

    slowest: list[tuple[float, int]] = field(default_factory=list)
    _row: int = 0
    _begun: float = 0.0

    def mark(self, row: int) -> None:
        now = time.perf_counter()
        if self._row:
            heapq.heappush(self.slowest, (now - self._begun, self._row))
            if len(self.slowest) > SLOWEST:
                heapq.heappop(self.slowest)
        self._row, self._begun = row, now


@dataclass(slots=True)
class Made:
    """`documents` have the id that the report gave them. A chunk lists at most 10,000 rejects; of the others only the
    row is known."""

    documents: list[tuple[str, StagedDocument]] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    rows: int = 0


@dataclass(slots=True)
class Worker:
    report: Report[Any]
    reference: Any
    whole: WholeInput
    clock: Clock = field(default_factory=Clock)

    def make(self) -> Made:
        made = Made()
        pieces = [self._of_chunk(number, chunk, made) for number, chunk in enumerate(self.whole.chunks)]
        if self.report.grouped:
            groups = self._slicer(GROUP_DOCUMENTS, gather(pieces, 0, PREFIXES), row=1)
            _taken(groups, made)
            made.documents += groups.contents.named()
        return made

    def _of_chunk(self, number: int, chunk: Chunk, made: Made) -> bytes:
        """Add what the rows of a chunk make; return the lines of their groups."""
        data = self.whole.data_of(chunk)
        slicer = self._slicer(
            GROUPS if self.report.grouped else DOCUMENTS,
            data[:OVERLONG_SHOWN] if chunk.overlong else data,
            row=chunk.first_row,
            overlong=chunk.overlong,
        )
        _taken(slicer, made)
        made.rows += slicer.count
        made.documents += slicer.contents.named()
        return bytes(slicer.staged(number).documents[OFFSETS.size :]) if self.report.grouped else b""

    def _slicer(self, makes: str, data: bytes, *, row: int, overlong: bool = False) -> RowSlicer:
        window = RowWindow(
            key="",
            run="",
            report=self.report.name,
            generation=None,
            reference="",
            format=self.whole.reading.format or "csv",
            reading=self.whole.reading.said(),
            columns=self.whole.columns,
            row=row,
            overlong=overlong,
            makes=makes,
            mode=self.report.mode,
        )
        return slicer_of(self.report, self.reference, window, data, time.monotonic, self.clock.mark)


def _taken(slicer: RowSlicer, made: Made) -> None:
    """Let the slicer make all of its rows, and add its rejects."""
    ended = False
    while not ended:
        one = slicer.take(NO_LIMITS)
        made.rejects += [_listed(Reject(*reject)) for reject in marshal.loads(one.made)[1]]
        ended = one.ended


def _listed(reject: Reject) -> Reject:
    """Of a reject beyond those that a chunk lists only the row is known."""
    return reject if reject.code else replace(reject, code="not_listed", message="a chunk lists 10,000 rejects")


def without_duplicates(made: Made, report: Report[Any]) -> tuple[list[Json], list[Reject]]:
    """The documents that are stored, as the report's `duplicates` says, and the rejects of rows that have none left."""
    winners: dict[tuple[bytes, str], int] = {}
    count: dict[tuple[bytes, str], int] = {}
    for at, (name, document) in enumerate(made.documents):
        key = (document.partition_key, name)
        count[key] = count.get(key, 0) + 1
        if report.duplicates == "last" or key not in winners:
            winners[key] = at
    if report.duplicates == "reject":
        winners = {key: at for key, at in winners.items() if count[key] == 1}
    kept = sorted(winners.values())
    return [_shown(made.documents[at][1], report.mode) for at in kept], list(_lost(made, set(kept)))


def _lost(made: Made, kept: set[int]) -> Iterator[Reject]:
    left = {document.row for at, (_, document) in enumerate(made.documents) if at in kept}
    told = set[int]()
    for name, document in made.documents:
        if document.row not in left and document.row not in told:
            told.add(document.row)
            yield Reject(document.row, "id", "duplicate", f"another row makes the document {name!r}, too", [])


def _shown(document: StagedDocument, mode: str) -> Json:
    if mode == "delete":
        return {"id": orjson.loads(document.body)}
    if mode == "patch":
        patch = Patch(document.row, document.partition_key, document.effective_partition_key, document.body)
        return {"id": patch.id, "operations": [one for _, operations in patch.patches() for one in operations]}
    return document.parsed()
