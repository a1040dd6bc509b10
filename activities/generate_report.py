"""Makes one chunk's rows into its documents and stages them; bad rows become rejects."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

from outlast.deadline import Deadline
from outlast.generating.part_builder import PartBuilder, PartCursor
from outlast.generating.part_limits import MAX_STAGED, PartLimits
from outlast.generating.row_generator import AnyRow, RowGenerator
from outlast.models import ChunkAnswer, ChunkCall, Json
from outlast.report import Report
from outlast.runs.fence import Fence, Gate
from outlast.runs.record import RunRecord
from outlast.staging.chunk_list import ChunkList
from outlast.staging.input import InputFiles, format_of
from outlast.staging.parts import Generated, PartAnswer

HEAVY = 4 * 1024 * 1024
"""Bytes. A longer chunk holds a row of megabytes, which takes many times its size while it is read, checked and
encoded: one such chunk at a time."""
OVERLONG_SHOWN = 64 * 1024
"""Bytes of an overlong record that its reject is made of."""
SLICE_SECONDS = 0.25
"""Computing in one piece. The lanes of a process take turns."""


@dataclass(frozen=True, slots=True)
class GenerateReport:
    """`in_thread` runs work that keeps a CPU busy beside the event loop; simulations run it in place.

    `max_staged` is the most bytes of documents that a run may make.
    """

    reports: Mapping[str, Report[Any]]
    gate: Gate
    files: InputFiles
    in_thread: Callable[[Callable[[], Any]], Awaitable[Any]]
    alone: asyncio.Lock = field(default_factory=asyncio.Lock)
    max_staged: int = MAX_STAGED

    async def generate_report(self, given: Json) -> Json:
        """Input: ChunkCall. Returns a ChunkAnswer of one part of the chunk.

        A repeat that finds the part's answer returns it and generates nothing.
        """
        call = ChunkCall.from_dict(given)
        record, fence, deadline = await self.gate.enter(call, "generating")
        cursor = PartCursor.from_dict(call.cursor or {})
        generated = Generated(self.files.staging, call.run, call.chunk)
        answer = await generated.find(cursor.part)
        if answer is None:
            answer = await self._generate(record, cursor, generated, deadline, fence)
        over = PartLimits.of(record, 0, self.max_staged).is_over(answer.totals["rejected"])
        return ChunkAnswer(answer.cursor, answer.totals, over).to_dict()

    async def _generate(
        self, record: RunRecord, cursor: PartCursor, generated: Generated, deadline: Deadline, fence: Fence
    ) -> PartAnswer:
        listed = await self.files.chunks(record)
        length = listed.chunks[generated.chunk].length
        limits = PartLimits.of(record, length, self.max_staged)
        async with self.alone if length > HEAVY else nullcontext():
            rows = iter(await self._rows(record, listed, generated.chunk, cursor))
            part = PartBuilder(await self._row_generator(record), rows, cursor, deadline, limits)
            await self._fill(part, fence)
            documents, rejects, totals = await self.in_thread(lambda: part.staged(generated.chunk))
        following = part.next.to_dict() if part.next else None
        return await generated.keep(cursor.part, documents, rejects, following, totals.to_dict())

    async def _fill(self, part: PartBuilder, fence: Fence) -> None:
        while not part.ended:
            await self.in_thread(lambda: part.fill(part.deadline.clock() + SLICE_SECONDS))
            await fence.check()

    async def _row_generator(self, record: RunRecord) -> RowGenerator:
        reference = await self.files.reference_data(record)
        generation = record.id if record.request.mode == "snapshot" else None
        return RowGenerator(self.reports[record.request.report], reference, generation)

    async def _rows(self, record: RunRecord, listed: ChunkList, number: int, cursor: PartCursor) -> Iterable[AnyRow]:
        """The chunk's rows from the cursor on."""
        chunk, file, form = listed.chunks[number], self.files.uncompressed(record), format_of(record)
        if chunk.overlong:
            head = await file.read(chunk.offset, OVERLONG_SHOWN)
            return [form.overlong(head, listed.columns, chunk.first_row)]
        data = await file.read(chunk.offset + cursor.offset, chunk.length - cursor.offset)
        return form.rows(data, listed.columns, cursor.row or chunk.first_row)
