"""Makes one chunk's rows into its documents, or adds them into groups, and stages them; bad rows become rejects."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Any

from outlast.calls import ChunkAnswer, ChunkCall
from outlast.deadline import Deadline
from outlast.generating.part_builder import PartBuilder, PartCursor
from outlast.generating.part_filler import Filled, PartFiller
from outlast.generating.part_limits import MAX_STAGED, PartLimits
from outlast.generating.room import Room
from outlast.generating.row_window import DOCUMENTS, GROUPS, RowCompute, RowWindow, WindowData
from outlast.inputs import Chunk
from outlast.models import Json, Totals
from outlast.report import Report, known_report
from outlast.runs.fence import Fence, Gate
from outlast.runs.record import RunRecord
from outlast.staging.chunk_list import ChunkList
from outlast.staging.corrections import Corrections, corrected_part
from outlast.staging.input import InputFiles
from outlast.staging.parts import Generated, PartAnswer
from outlast.staging.paths import GENERATED, GROUPED
from outlast.staging.rejects import codes_of
from outlast.telemetry import count_codes, emit

HEAVY = 5 * 1024 * 1024
"""Bytes. A longer chunk holds a row of megabytes, which takes many times its size while it is read, checked and
encoded: one such chunk at a time."""
ROOM = 9 * 1024 * 1024
"""Bytes of the chunks that are generated together: two of a large file. What is made of one takes twice as much
beside it."""
OVERLONG_SHOWN = 64 * 1024
"""Bytes of an overlong record that its reject is made of."""


@dataclass(frozen=True, slots=True)
class GenerateReport:
    """`compute` runs the report's code: in a child process, or in place in simulations.

    `max_staged` is the most bytes of documents that a run may make.
    """

    reports: Mapping[str, Report[Any]]
    gate: Gate
    files: InputFiles
    compute: RowCompute
    filler: PartFiller
    room: Room = field(default_factory=lambda: Room(ROOM))
    keys: Iterator[int] = field(default_factory=count)
    max_staged: int = MAX_STAGED

    async def generate_report(self, given: Json) -> Json:
        """Input: ChunkCall. Returns a ChunkAnswer of one part of the chunk.

        A repeat that finds the part's answer returns it and generates nothing. A call that had no turn before its
        deadline returns the cursor that it was given.
        """
        call = ChunkCall.from_dict(given)
        record, fence, deadline = await self.gate.enter(call, "generating")
        cursor = PartCursor.from_dict(call.cursor or {})
        folder = GROUPED if record.request.grouped else GENERATED
        generated = Generated(self.files.staging, record.parts_folder, call.chunk, folder)
        answer = await generated.find(cursor.part) or await self._generate(record, cursor, generated, deadline, fence)
        if answer is None:
            return ChunkAnswer(cursor.to_dict(), Totals().to_dict()).to_dict()
        counted = await Corrections(self.files).generated(record, call.chunk, cursor.part, answer)
        over = PartLimits.of(record, 0, self.max_staged).is_over(counted.rejected)
        return ChunkAnswer(answer.cursor, counted.to_dict(), too_many_rejects=over).to_dict()

    async def _generate(
        self, record: RunRecord, cursor: PartCursor, generated: Generated, deadline: Deadline, fence: Fence
    ) -> PartAnswer | None:
        report = known_report(self.reports, record.request.report, grouped=record.request.grouped)
        began = deadline.clock()
        filled = await self._fill(record, cursor, generated.chunk, deadline, fence)
        if filled is None:
            return None
        documents, keys, rejects, totals = filled.staged
        following = filled.following.to_dict() if filled.following else None
        counted, source = totals.to_dict(), report.source_sha256
        answer = await generated.keep(cursor.part, documents, rejects, following, counted, keys, source)
        _tell(record, generated.chunk, cursor.part, deadline.clock() - began, totals, rejects)
        return answer

    async def _fill(
        self, record: RunRecord, cursor: PartCursor, number: int, deadline: Deadline, fence: Fence
    ) -> Filled | None:
        chunk = (listed := await self.files.chunks(record)).chunks[number]
        limits = PartLimits.of(record, chunk.length, self.max_staged)
        async with self.room.take(self.room.size if chunk.length > HEAVY else chunk.length):
            if deadline.passed():
                return None
            window = self._window(record, listed, number, cursor)
            data = await self._data(record, listed, chunk, cursor)
            part = PartBuilder(self.compute, window, data, cursor, deadline, limits)
            return await self.filler.fill(part, number, fence)

    def _window(self, record: RunRecord, listed: ChunkList, number: int, cursor: PartCursor) -> RowWindow:
        """The rows of the chunk of this number from the cursor on."""
        chunk = listed.chunks[number]
        part = listed.part(chunk) if not chunk.correction else corrected_part(listed)
        return RowWindow(
            key=str(next(self.keys)),
            run=record.id,
            report=record.request.report,
            generation=record.id if record.request.mode == "snapshot" else None,
            reference=record.parts_key,
            format=record.request.format,
            reading=part.reading,
            columns=part.columns,
            file=part.path,
            before=part.before,
            shown=listed.columns if part.path else [],
            row=cursor.row or chunk.first_row,
            offset=cursor.offset,
            overlong=chunk.overlong,
            makes=GROUPS if record.request.grouped else DOCUMENTS,
            refused=self.filler.refused.of(record.parts_key, number),
            mode=record.request.mode,
            corrected=bool(chunk.correction),
        )

    async def _data(self, record: RunRecord, listed: ChunkList, chunk: Chunk, cursor: PartCursor) -> WindowData:
        if chunk.overlong:
            rows = await self.files.read_chunk(record, listed, chunk, 0, OVERLONG_SHOWN)
        else:
            rows = await self.files.read_chunk(record, listed, chunk, cursor.offset)
        return WindowData(rows, cursor.offset, partial(self.files.reference, record))


def _tell(record: RunRecord, chunk: int, part: int, seconds: float, totals: Totals, rejects: bytes | None) -> None:
    emit(
        "rows_generated",
        run=record.id,
        report=record.request.report,
        attempt=record.status.attempt,
        chunk=chunk,
        part=part,
        seconds=round(seconds, 3),
        rows=totals.rows,
        rejected=totals.rejected,
        documents=totals.documents,
        bytes=totals.bytes,
        codes=count_codes(codes_of(rejects or b"")),
    )
