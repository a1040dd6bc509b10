"""Makes one chunk's rows into its documents and stages them; bad rows become rejects."""

import asyncio
import logging
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Any

from outlast.calls import ChunkAnswer, ChunkCall
from outlast.deadline import Deadline
from outlast.generating.part_builder import PartBuilder, PartCursor, Refusal
from outlast.generating.part_limits import MAX_STAGED, PartLimits
from outlast.generating.refused_rows import RefusedRows
from outlast.generating.row_window import RowCompute, RowWindow, WindowData
from outlast.inputs import Chunk
from outlast.inputs.formula_guard import own_columns
from outlast.models import Json, Totals
from outlast.report import Report, known_report
from outlast.runs.fence import Fence, Gate
from outlast.runs.record import RunRecord
from outlast.staging.corrections import Corrections
from outlast.staging.input import InputFiles, format_name
from outlast.staging.parts import Generated, PartAnswer
from outlast.staging.stopped_code import StoppedCode

HEAVY = 4 * 1024 * 1024
"""Bytes. A longer chunk holds a row of megabytes, which takes many times its size while it is read, checked and
encoded: one such chunk at a time."""
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
    stopped: StoppedCode
    alone: asyncio.Lock = field(default_factory=asyncio.Lock)
    refused: RefusedRows = field(default_factory=RefusedRows)
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
        generated = Generated(self.files.staging, call.run, call.chunk)
        answer = await generated.find(cursor.part) or await self._generate(record, cursor, generated, deadline, fence)
        if answer is None:
            return ChunkAnswer(cursor.to_dict(), Totals().to_dict()).to_dict()
        counted = await self._counted(record, call.chunk, answer)
        over = PartLimits.of(record, 0, self.max_staged).is_over(counted.rejected)
        return ChunkAnswer(answer.cursor, counted.to_dict(), too_many_rejects=over).to_dict()

    async def _counted(self, record: RunRecord, number: int, answer: PartAnswer) -> Totals:
        """What the part counts, without rejects that are corrected."""
        if not record.status.corrections:
            return Totals.from_dict(answer.totals)
        chunk = (await self.files.chunks(record)).chunks[number]
        return await Corrections(self.files).generated(record, chunk, number, answer)

    async def _generate(
        self, record: RunRecord, cursor: PartCursor, generated: Generated, deadline: Deadline, fence: Fence
    ) -> PartAnswer | None:
        report = known_report(self.reports, record.request.report)
        chunk = (listed := await self.files.chunks(record)).chunks[generated.chunk]
        limits = PartLimits.of(record, chunk.length, self.max_staged)
        async with self.alone if chunk.length > HEAVY else nullcontext():
            window = self._window(record, listed.columns, chunk, cursor)
            data = await self._data(record, chunk, cursor)
            part = PartBuilder(self.compute, window, data, cursor, deadline, limits)
            await self._fill(part, generated.chunk, fence)
            if not part.taken:
                return None
            documents, keys, rejects, totals = await part.staged(generated.chunk)
        following = part.next.to_dict() if part.next else None
        counted, source = totals.to_dict(), report.source_sha256
        return await generated.keep(cursor.part, documents, rejects, following, counted, keys, source)

    async def _fill(self, part: PartBuilder, chunk: int, fence: Fence) -> None:
        while not part.ended:
            if refusal := await part.fill():
                await self._tell(part.window, chunk, refusal)
            await fence.check()

    async def _tell(self, window: RowWindow, chunk: int, refusal: Refusal) -> None:
        """Say in the log and to the app's health that a row's code failed, and never run it again."""
        logging.getLogger("outlast").warning(
            "row %d (chunk %d of run %s, report %s) is rejected as %s: %s",
            *(refusal.row, chunk, window.run, window.report, refusal.code, refusal.message),
        )
        await self.stopped.note(window.report, "generate_report")
        self.refused.add(window.run, window.report, refusal)

    def _window(self, record: RunRecord, columns: list[str], chunk: Chunk, cursor: PartCursor) -> RowWindow:
        """The chunk's rows from the cursor on."""
        return RowWindow(
            key=str(next(self.keys)),
            run=record.id,
            report=record.request.report,
            generation=record.id if record.request.mode == "snapshot" else None,
            reference=f"{record.id}:{record.request.accepted}",
            format=format_name(record, chunk),
            columns=own_columns(columns) if chunk.correction else columns,
            row=cursor.row or chunk.first_row,
            offset=cursor.offset,
            overlong=chunk.overlong,
            refused=self.refused.of(record.id),
        )

    async def _data(self, record: RunRecord, chunk: Chunk, cursor: PartCursor) -> WindowData:
        if chunk.overlong:
            rows = await self.files.read_chunk(record, chunk, 0, OVERLONG_SHOWN)
        else:
            rows = await self.files.read_chunk(record, chunk, cursor.offset, chunk.length - cursor.offset)
        return WindowData(rows, cursor.offset, partial(self.files.reference, record))
