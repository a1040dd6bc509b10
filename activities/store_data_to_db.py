"""Writes one chunk's staged documents into the database until they are in or the deadline comes."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from outlast.calls import ChunkAnswer, ChunkCall
from outlast.cosmos.bulk.limits import Limits
from outlast.cosmos.bulk.staged_document import StagedDocument, read_staged
from outlast.cosmos.bulk.transport import Result
from outlast.cosmos.bulk.write_progress import WriteProgress
from outlast.cosmos.bulk.writer import Writer
from outlast.deadline import SLOT_SECONDS
from outlast.errors import Permanent
from outlast.inputs.corrected import CORRECTED
from outlast.inputs.formula_guard import own_columns
from outlast.models import Json, Payload, Totals
from outlast.report import Report, known_report
from outlast.runs.fence import Gate
from outlast.runs.record import RunRecord
from outlast.staging.corrections import Corrections
from outlast.staging.input import InputFiles, format_of
from outlast.staging.parts import Generated
from outlast.staging.rejects import Reject, encode_rejects
from outlast.staging.stored import Stored, StoredChunk

WINDOW = 4 * 1024 * 1024
"""Bytes of staged text in memory at once. Twice the largest document, so that a window holds a whole one."""


@dataclass(frozen=True, slots=True)
class StoreCursor(Payload):
    """How far the calls so far got.

    Every document before byte `offset` of part `part` is acknowledged: written, or refused by the database.
    """

    part: int = 0
    offset: int = 0
    ahead: Sequence[Sequence[int]] = ()
    """Ranges of acknowledged documents behind `offset`, numbered from there."""
    call: int = 0
    """Calls before the next one."""
    totals: Json = field(default_factory=lambda: Totals().to_dict())
    """What those calls counted."""
    sent_before: bool = False
    """Whether documents of the rest may have been sent before: a call was repeated, or an answer was lost."""
    refused: int = 0
    rejecting: tuple[str, ...] = ()
    """The files of the rejects that the calls staged."""


@dataclass(frozen=True, slots=True)
class StoreDataToDb:
    reports: Mapping[str, Report[Any]]
    gate: Gate
    files: InputFiles
    writer: Writer

    async def store_data_to_db(self, given: Json) -> Json:
        """Input: ChunkCall. Returns a ChunkAnswer.

        A mark is staged when all of the chunk is in the database. A call that finds it sends nothing and returns the
        totals of that storing: a next attempt of the run does only what the one before has left.
        """
        call = ChunkCall.from_dict(given)
        record, fence, deadline = await self.gate.enter(call, "storing")
        cursor = StoreCursor.from_dict(call.cursor or {})
        stored = Stored(self.files.staging, call.run, call.chunk)
        if (found := await stored.find()) is not None:
            since = found.since(Totals.from_dict(cursor.totals))
            return ChunkAnswer(None, (await self._without_corrected(record, call.chunk, since)).to_dict()).to_dict()
        report = known_report(self.reports, record.request.report)
        container = report.container
        await self.writer.transport.check_partition_key(container, report.partition_key)
        bucket = await self.writer.token_bucket(container, record.request.ru_share, call.lanes)
        limits = Limits(deadline.within(SLOT_SECONDS), fence.check, bucket)
        generated = Generated(self.files.staging, call.run, call.chunk)
        if not await stored.begin(call.attempt, cursor.call):
            cursor = replace(cursor, sent_before=True)
        storing = _Storing(self.writer, container, generated, limits, cursor)
        done = await storing.go()
        await self._keep_rejects(record, stored, storing)
        return (await self._answer(stored, storing, done)).to_dict()

    async def _answer(self, stored: Stored, storing: "_Storing", done: bool) -> ChunkAnswer:
        cursor, before = storing.cursor, Totals.from_dict(storing.cursor.totals)
        counted = before + storing.totals
        if not done:
            following = replace(cursor, call=cursor.call + 1, totals=counted.to_dict())
            return ChunkAnswer(following.to_dict(), storing.totals.to_dict(), storing.wait)
        rejected = await stored.list_rejects(cursor.rejecting)
        totals = replace(counted, rejected=rejected)
        chunk = StoredChunk(totals.documents, cursor.refused, rejected, totals.to_dict())
        await stored.keep(chunk)
        return ChunkAnswer(None, chunk.since(before).to_dict())

    async def _without_corrected(self, record: RunRecord, number: int, totals: Totals) -> Totals:
        """The totals without rejects that were corrected since."""
        if not record.status.corrections:
            return totals
        chunk = (await self.files.chunks(record)).chunks[number]
        return replace(totals, rejected=await Corrections(self.files).refused(record, chunk, number))

    async def _keep_rejects(self, record: RunRecord, stored: Stored, storing: "_Storing") -> None:
        """Stage what the database refused in this call."""
        if storing.refused:
            fields = await self._fields(record, stored.chunk)
            rejects = encode_rejects([_reject(document, result, fields) for document, result in storing.refused])
            cursor = storing.cursor
            name = await stored.keep_rejects(cursor.call, rejects)
            storing.cursor = replace(cursor, rejecting=(*cursor.rejecting, name))

    async def _fields(self, record: RunRecord, number: int) -> dict[int, list[str]]:
        """Return the input's own columns of every row of the chunk, because staged documents do not have them."""
        listed = await self.files.chunks(record)
        chunk = listed.chunks[number]
        data = await self.files.read_chunk(record, chunk, 0, chunk.length)
        if chunk.correction:
            return {row.number: row.fields for row in CORRECTED.rows(data, own_columns(listed.columns), 0)}
        return {row.number: row.fields for row in format_of(record).rows(data, listed.columns, chunk.first_row)}


@dataclass(slots=True)
class _Storing:
    """One call: writes a chunk's documents window by window."""

    writer: Writer
    container: str
    generated: Generated
    limits: Limits
    cursor: StoreCursor
    totals: Totals = field(default_factory=Totals)
    refused: list[tuple[StagedDocument, Result]] = field(default_factory=list)
    advanced: bool = False
    wait: float = 0.0

    async def go(self) -> bool:
        """Write from the cursor on; return whether the chunk is done.

        An error that may pass ends the call. It is raised only when the call has acknowledged nothing, so that a call
        which advanced costs no attempt.
        """
        try:
            return await self._go()
        except Permanent:
            raise
        except Exception as error:
            if not self.advanced:
                raise
            logging.getLogger("outlast").warning("%s: %s; the next call goes on", self.container, error)
            return False

    async def _go(self) -> bool:
        while (part := await self.generated.find(self.cursor.part)) is not None:
            path = self.generated.path(self.cursor.part, part.documents)
            while self.cursor.offset < part.size:
                if self.limits.deadline.passed() or not await self._window(path):
                    return False
            self.cursor = replace(self.cursor, part=self.cursor.part + 1, offset=0)
            if part.cursor is None:
                return True
        return True

    async def _window(self, path: str) -> bool:
        """Write the next window; return whether all of it is acknowledged."""
        data = await self.generated.staging.get_range(path, self.cursor.offset, WINDOW)
        documents = read_staged(data[: data.rindex(b"\n") + 1])
        progress = await self.writer.write(
            self.container, documents, self.limits, self.cursor.ahead, sent_before=self.cursor.sent_before
        )
        self.refused += progress.refused
        self.totals += progress.totals
        self.cursor = _after(self.cursor, documents, progress)
        self.advanced = self.advanced or bool(progress.totals.documents or progress.refused)
        self.wait = progress.wait
        if progress.fault is not None:
            raise progress.fault
        return progress.acknowledged == len(documents)


def _after(cursor: StoreCursor, documents: Sequence[StagedDocument], progress: WriteProgress) -> StoreCursor:
    return replace(
        cursor,
        offset=cursor.offset + sum(len(document.encoded()) for document in documents[: progress.acknowledged]),
        ahead=progress.next_ahead(),
        sent_before=cursor.sent_before or progress.unsure,
        refused=cursor.refused + len(progress.refused),
    )


def _reject(document: StagedDocument, result: Result, fields: Mapping[int, list[str]]) -> Reject:
    code = "too_large" if result.status == 413 else f"database_{result.status}"
    return Reject(
        document.row, "", code, result.message.splitlines()[0] if result.message else "", fields.get(document.row, [])
    )
