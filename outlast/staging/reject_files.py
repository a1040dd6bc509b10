"""The rejects of a run, wherever they are staged, in the order of the chunks."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from obstore.exceptions import BaseError

from outlast.errors import OutlastError
from outlast.runs.record import RunRecord
from outlast.staging.chunk_list import ChunkList
from outlast.staging.corrections import Corrections, as_counted
from outlast.staging.input import InputFiles
from outlast.staging.parts import Generated
from outlast.staging.paths import GENERATED, GROUPED, rejects_path, stored_path
from outlast.staging.rejects import Reject, each_row_once, encode_rejects

LOOK_SECONDS = 10.0
"""For finding the first rejects of a run, of which all chunks before them are read."""


@dataclass(frozen=True, slots=True)
class Listed:
    """What has rejects: of a grouped report the chunks, and after them its shards. `columns` are the input's."""

    record: RunRecord
    columns: list[str]
    chunks: Sequence[Generated]


@dataclass(frozen=True, slots=True)
class RejectFiles:
    files: InputFiles

    async def listed(self, record: RunRecord) -> Listed:
        """What is staged so far; no chunk of a run whose input is not cut yet."""
        is_cut = await self.files.find_chunks(record.id) is not None
        record = as_counted(record)
        listed = await self.files.chunks(record) if is_cut else ChunkList([], [])
        return Listed(record, listed.columns, self._chunks(record, len(listed.chunks), await self._shards(record)))

    async def of(self, record: RunRecord, generated: Generated) -> AsyncIterator[bytes]:
        """Lines as they are staged, or those that still count where rows were corrected."""
        if record.status.corrections:
            corrections = Corrections(self.files)
            yield encode_rejects([one async for one in corrections.rejects(record, generated.chunk)])
            return
        async for data in self._staged(record, generated):
            yield data

    async def first(self, record: RunRecord, most: int) -> list[Reject]:
        """The first so many rejects; none where they are not found in time, because what shows them matters more."""
        totals = record.result.totals
        if record.status.removed is not None or (totals is not None and not totals.get("rejected")):
            return []
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                return await self._first(record, most)
        except (BaseError, OSError, OutlastError) as error:  # TimeoutError is an OSError
            logging.getLogger("outlast").warning("run %s: its first rejects are not shown: %s", record.id, error)
            return []

    async def _first(self, record: RunRecord, most: int) -> list[Reject]:
        listed, found = await self.listed(record), list[Reject]()
        for chunk in listed.chunks:
            found += each_row_once([data async for data in self.of(listed.record, chunk)])
            if len(found) >= most:
                break
        return found[:most]

    async def _shards(self, record: RunRecord) -> int | None:
        """The shards of a grouped report's run that are known so far, None for other reports."""
        if not record.request.grouped:
            return None
        index = await self.files.find_group_index(record.parts_folder)
        return len(index.shards) if index else 0

    def _chunks(self, record: RunRecord, chunks: int, shards: int | None) -> list[Generated]:
        staging, run = self.files.staging, record.parts_folder
        if shards is None:
            return [Generated(staging, run, number) for number in range(chunks)]
        rows = [Generated(staging, run, number, GROUPED) for number in range(chunks)]
        return [*rows, *(Generated(staging, run, number) for number in range(shards))]

    async def _staged(self, record: RunRecord, generated: Generated) -> AsyncIterator[bytes]:
        async for part, answer in generated.parts():
            if answer.rejects is not None:
                yield await self.files.staging.need(generated.path(part, answer.rejects))
        if generated.folder != GENERATED:
            return
        chunk = generated.chunk
        for path in (
            rejects_path(record.resolved_folder, chunk),
            stored_path(record.marks_folder, chunk, "rejects.csv"),
        ):
            if (staged := await self.files.staging.get(path)) is not None:
                yield staged
