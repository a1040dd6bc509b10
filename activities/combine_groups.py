"""Makes the documents of one shard of a grouped report's groups and stages them, as `generate_report` does of rows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from typing import Any

from outlast.calls import ChunkAnswer, ChunkCall
from outlast.deadline import Deadline
from outlast.generating.part_builder import PartBuilder, PartCursor
from outlast.generating.part_filler import Filled, PartFiller
from outlast.generating.part_limits import MAX_STAGED, PartLimits
from outlast.generating.row_window import GROUP_DOCUMENTS, RowCompute, RowWindow, WindowData
from outlast.models import Json, Totals
from outlast.report import Report, known_report
from outlast.runs.fence import Fence, Gate
from outlast.runs.record import RunRecord
from outlast.staging.input import InputFiles
from outlast.staging.parsed import InThread
from outlast.staging.parts import Generated, PartAnswer
from outlast.staging.rejects import each_row_once, encode_rejects
from outlast.staging.row_fields import with_files
from outlast.staging.shard_reader import read_shard


@dataclass(frozen=True, slots=True)
class CombineGroups:
    """`compute` runs the report's code, `in_thread` work that keeps a CPU busy beside the event loop."""

    reports: Mapping[str, Report[Any]]
    gate: Gate
    files: InputFiles
    compute: RowCompute
    filler: PartFiller
    in_thread: InThread
    keys: Iterator[int] = field(default_factory=count)
    max_staged: int = MAX_STAGED

    async def combine_groups(self, given: Json) -> Json:
        """Input: ChunkCall, whose chunk is a shard. Returns a ChunkAnswer of one part of the shard's documents.

        A repeat that finds the part's answer returns it. A call that had no turn before its deadline returns the cursor
        that it was given.
        """
        call = ChunkCall.from_dict(given)
        record, fence, deadline = await self.gate.enter(call, "combining")
        cursor = PartCursor.from_dict(call.cursor or {})
        generated = Generated(self.files.staging, record.parts_folder, call.chunk)
        answer = await generated.find(cursor.part) or await self._combine(record, cursor, generated, deadline, fence)
        if answer is None:
            return ChunkAnswer(cursor.to_dict(), Totals().to_dict()).to_dict()
        over = PartLimits.of(record, 0, self.max_staged).is_over(answer.totals["rejected"])
        return ChunkAnswer(answer.cursor, answer.totals, too_many_rejects=over).to_dict()

    async def _combine(
        self, record: RunRecord, cursor: PartCursor, generated: Generated, deadline: Deadline, fence: Fence
    ) -> PartAnswer | None:
        known_report(self.reports, record.request.report, grouped=True)
        filled = await self._fill(record, cursor, generated.chunk, deadline, fence)
        if filled is None:
            return None
        documents, keys, rejects, totals = filled.staged
        if rejects and record.request.several:
            rejects = encode_rejects(with_files(await self.files.chunks(record), each_row_once([rejects])))
        following = filled.following.to_dict() if filled.following else None
        counted = replace(totals, rows=0).to_dict()  # a window counts groups, and their rows are counted already
        return await generated.keep(cursor.part, documents, rejects, following, counted, keys)

    async def _fill(
        self, record: RunRecord, cursor: PartCursor, shard: int, deadline: Deadline, fence: Fence
    ) -> Filled | None:
        groups = await read_shard(self.files, record, shard, self.in_thread, fence.check)
        limits, groups = PartLimits.of(record, len(groups), self.max_staged), groups[cursor.offset :]
        data = WindowData(groups, cursor.offset, partial(self.files.reference, record))
        part = PartBuilder(self.compute, self._window(record, shard, cursor), data, cursor, deadline, limits)
        return await self.filler.fill(part, shard, fence)

    def _window(self, record: RunRecord, shard: int, cursor: PartCursor) -> RowWindow:
        """The shard's groups from the cursor on."""
        return RowWindow(
            key=f"groups {next(self.keys)}",
            run=record.id,
            report=record.request.report,
            generation=record.id if record.request.mode == "snapshot" else None,
            reference=record.parts_key,
            format=record.request.format,
            columns=[],
            row=cursor.row or 0,
            offset=cursor.offset,
            refused=self.filler.refused.of(record.parts_key, shard),
            makes=GROUP_DOCUMENTS,
            mode=record.request.mode,
        )
