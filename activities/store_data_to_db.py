"""Writes one chunk's staged documents into the database until they are in or the deadline comes."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from outlast.calls import ChunkAnswer, ChunkCall
from outlast.cosmos.bulk.limits import Limits
from outlast.cosmos.bulk.staged_document import StagedDocument
from outlast.cosmos.bulk.transport import Result
from outlast.cosmos.bulk.writer import Writer
from outlast.deadline import SLOT_SECONDS
from outlast.errors import Permanent
from outlast.models import MIRROR, Json, Totals
from outlast.report import Report, known_report
from outlast.runs.fence import Gate
from outlast.runs.record import RunRecord
from outlast.staging.chunk_walk import ChunkWalk
from outlast.staging.corrections import Corrections
from outlast.staging.document_keys import hash_of
from outlast.staging.input import InputFiles
from outlast.staging.left_out import left_out_of
from outlast.staging.mirrors import Mirrors
from outlast.staging.parts import Generated
from outlast.staging.refusals import code_of, reject_of
from outlast.staging.rejects import encode_rejects
from outlast.staging.row_fields import row_fields, with_files
from outlast.staging.shard_reader import rows_of
from outlast.staging.store_cursor import StoreCursor
from outlast.staging.stored import Stored, StoredChunk
from outlast.staging.unchanged import unchanged_rows
from outlast.telemetry import count_codes, emit


@dataclass(frozen=True, slots=True)
class StoreDataToDb:
    reports: Mapping[str, Report[Any]]
    gate: Gate
    files: InputFiles
    writer: Writer
    mirrors: Mirrors

    async def store_data_to_db(self, given: Json) -> Json:
        """Input: ChunkCall. Returns a ChunkAnswer.

        A mark is staged when all of the chunk is in the database, and the cursor when a part of it is. A call without a
        cursor that finds one of them sends the rest alone and returns the totals of all: a next attempt of the run does
        only what the one before has left.
        """
        call = ChunkCall.from_dict(given)
        record, fence, deadline = await self.gate.enter(call, "storing")
        told = Totals.from_dict((call.cursor or {}).get("totals") or {})
        stored = Stored(self.files.staging, record.marks_folder, call.chunk)
        if (found := await stored.find()) is not None:
            return ChunkAnswer(None, (await self._now(record, call.chunk, found.since(told))).to_dict()).to_dict()
        cursor = StoreCursor.found(call.cursor or await stored.find_cursor(), len(record.status.corrections))
        report = known_report(self.reports, record.request.report)
        container = report.container
        await self.writer.transport.check_partition_key(container, report.partition_key)
        bucket = await self.writer.token_bucket(container, record.request.ru_share, call.lanes)
        limits = Limits(deadline.within(SLOT_SECONDS), fence.check, bucket)
        generated, began = Generated(self.files.staging, record.parts_folder, call.chunk), deadline.clock()
        left_out = await left_out_of(self.files, record, call.chunk)
        if not await stored.begin(call.attempt, cursor.call) or (left_out.corrects and record.request.mode == "create"):
            cursor = replace(cursor, sent_before=True)
        if record.request.mode == MIRROR:
            await self.mirrors.begin(record, report)
        storing = _Storing(
            writer=self.writer,
            record=record,
            container=container,
            generated=generated,
            limits=limits,
            cursor=cursor,
            left_out=left_out,
        )
        done = await storing.go()
        if storing.refused:
            await self._doubt(record, report, storing)
            await self._keep_rejects(record, stored, storing)
        await self._keep_unchanged(stored, storing)
        answer = await self._answer(record, stored, storing, done, told)
        _tell(record, storing, answer, deadline.clock() - began)
        return answer.to_dict()

    async def _answer(
        self, record: RunRecord, stored: Stored, storing: "_Storing", done: bool, told: Totals
    ) -> ChunkAnswer:
        """`told` is what the answers before this one have counted."""
        cursor = storing.cursor
        counted = Totals.from_dict(cursor.totals) + storing.totals
        if not done:
            following = replace(cursor, call=cursor.call + 1, totals=counted.to_dict()).to_dict()
            if storing.advanced:
                await stored.keep_cursor(following)
            return ChunkAnswer(following, counted.minus(told).to_dict(), storing.wait)
        listed, left_out = await stored.list_rejects(cursor.rejecting), storing.left_out
        rejected = await rows_of(self.files, record, stored.chunk, listed)
        found = await stored.unchanged_rows(cursor.unchanging)
        left = await unchanged_rows(storing.generated, found, left_out.made_by)
        unchanged = await rows_of(self.files, record, stored.chunk, [*left, *left_out.rows])
        totals = replace(counted, rejected=rejected, unchanged=unchanged)
        documents = cursor.unchanged + left_out.unchanged
        lost = cursor.lost - left_out.unchanged
        chunk = StoredChunk(totals.documents, cursor.refused, rejected, totals.to_dict(), documents, lost)
        await stored.keep(chunk)
        return ChunkAnswer(None, chunk.since(told).to_dict(), storing.wait)

    async def _keep_rejects(self, record: RunRecord, stored: Stored, storing: "_Storing") -> None:
        """Stage what the database refused in this call."""
        fields, mode = await row_fields(self.files, record, stored.chunk), record.request.mode
        rejects = [reject_of(mode, one, result, fields) for one, result in storing.refused]
        encoded = encode_rejects(with_files(await self.files.chunks(record), rejects))
        cursor = storing.cursor
        name = await stored.keep_rejects(cursor.call, encoded)
        storing.cursor = replace(cursor, rejecting=(*cursor.rejecting, name))

    async def _now(self, record: RunRecord, chunk: int, totals: Totals) -> Totals:
        """The totals of a stored chunk without rejects that were corrected since."""
        if not record.status.corrections:
            return totals
        return replace(totals, rejected=await Corrections(self.files).refused(record, chunk))

    async def _doubt(self, record: RunRecord, report: Report[Any], storing: "_Storing") -> None:
        """Note in the manifest which documents the database refused: they may be there with another content."""
        if record.request.mode == MIRROR:
            keys = [hash_of(document.effective_partition_key, document.id) for document, _ in storing.refused]
            await self.mirrors.manifests(report).doubt(record.id, keys)

    async def _keep_unchanged(self, stored: Stored, storing: "_Storing") -> None:
        """Stage the rows of the documents that this call found unchanged."""
        if storing.unchanged:
            cursor = storing.cursor
            name = await stored.keep_unchanged(cursor.call, [document.row for document in storing.unchanged])
            storing.cursor = replace(cursor, unchanging=(*cursor.unchanging, name))


@dataclass(slots=True, kw_only=True)
class _Storing(ChunkWalk[StoreCursor]):
    """Writes the documents of a chunk."""

    writer: Writer
    record: RunRecord
    refused: list[tuple[StagedDocument, Result]] = field(default_factory=list)
    unchanged: list[StagedDocument] = field(default_factory=list)
    advanced: bool = False

    async def go(self) -> bool:
        """Write from the cursor on; return whether the chunk is done.

        An error that may pass ends the call. It is raised only when the call has acknowledged nothing, so that a call
        which advanced costs no attempt.
        """
        try:
            return await self.to_end()
        except Permanent:
            raise
        except Exception as error:
            if not self.advanced:
                raise
            logging.getLogger("outlast").warning("%s: %s; the next call goes on", self.container, error)
            return False

    async def window(self, path: str) -> bool:
        """Write the next window; return whether all of it is acknowledged."""
        mode, part = self.record.request.mode, self.cursor.part
        window = await self.left_out.window(self.generated, part, path, self.cursor.offset, mode)
        progress = await self.writer.write(
            self.container,
            window.documents,
            self.limits,
            self.cursor.ahead,
            sent_before=self.cursor.sent_before,
            since=datetime.fromisoformat(self.record.request.accepted).timestamp(),
        )
        self.refused += progress.refused
        self.unchanged += progress.unchanged
        self.totals += progress.totals
        self.cursor = self.cursor.after(window, progress)
        self.advanced = self.advanced or bool(progress.totals.documents or progress.refused or progress.unchanged)
        self.wait = progress.wait
        if progress.fault is not None:
            raise progress.fault
        return progress.acknowledged == len(window.documents)


def _tell(record: RunRecord, storing: _Storing, answer: ChunkAnswer, seconds: float) -> None:
    totals = Totals.from_dict(answer.totals)
    emit(
        "documents_stored",
        run=record.id,
        report=record.request.report,
        attempt=record.status.attempt,
        chunk=storing.generated.chunk,
        done=answer.cursor is None,
        seconds=round(seconds, 3),
        wait=round(answer.wait, 3),
        documents=totals.documents,
        rejected=totals.rejected,
        bytes=totals.bytes,
        request_units=round(totals.ru, 2),
        throttled=totals.throttled,
        sends=totals.sends,
        codes=count_codes(code_of(record.request.mode, result) for _, result in storing.refused),
    )
