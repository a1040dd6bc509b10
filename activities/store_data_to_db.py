"""Writes one chunk's staged documents into the database until they are in or the deadline comes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from outlast.cosmos.bulk.limits import Limits
from outlast.cosmos.bulk.staged_document import StagedDocument, read_staged
from outlast.cosmos.bulk.token_bucket import TokenBucket
from outlast.cosmos.bulk.transport import Result
from outlast.cosmos.bulk.write_progress import WriteProgress
from outlast.cosmos.bulk.writer import Writer
from outlast.models import ChunkAnswer, ChunkCall, Json, Payload, Totals
from outlast.report import Report, known_report
from outlast.runs.fence import Gate
from outlast.runs.record import RunRecord
from outlast.staging.input import InputFiles, format_of
from outlast.staging.parts import Generated
from outlast.staging.paths import content_name, stored_path
from outlast.staging.rejects import Reject, each_row_once, encode_rejects

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
    documents: int = 0
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

        `stored/{chunk}.json` is written when all of the chunk is in the database.
        """
        call = ChunkCall.from_dict(given)
        record, fence, deadline = await self.gate.enter(call, "storing")
        container = known_report(self.reports, record.request.report).container
        limits = Limits(deadline, fence.check, await self._token_bucket(record, container))
        cursor = StoreCursor.from_dict(call.cursor or {})
        generated = Generated(self.files.staging, call.run, call.chunk)
        storing = _Storing(self.writer, container, generated, limits, cursor)
        done = await storing.go()
        await self._keep_rejects(record, call.chunk, storing)
        if done:
            return await self._finish(record, call, storing)
        return ChunkAnswer(replace(storing.cursor, call=cursor.call + 1).to_dict(), storing.totals.to_dict()).to_dict()

    async def _finish(self, record: RunRecord, call: ChunkCall, storing: "_Storing") -> Json:
        rejected = await self._list_rejects(record, call.chunk, storing.cursor)
        ended = {"documents": storing.cursor.documents, "refused": storing.cursor.refused, "rejected": rejected}
        await self.files.staging.put(stored_path(call.run, call.chunk), orjson.dumps(ended))
        return ChunkAnswer(None, replace(storing.totals, rejected=rejected).to_dict()).to_dict()

    async def _token_bucket(self, record: RunRecord, container: str) -> TokenBucket | None:
        """Return the request units of this lane, None when the run has no `ru_share`."""
        if record.request.ru_share is None:
            return None
        lanes = min(record.request.max_parallel, len((await self.files.chunks(record)).chunks))
        return await self.writer.token_bucket(container, record.request.ru_share, lanes)

    async def _keep_rejects(self, record: RunRecord, chunk: int, storing: "_Storing") -> None:
        """Stage what the database refused in this call, in a file named by its content.

        A late double of the call stops elsewhere and leaves another file, which no cursor names.
        """
        if storing.refused:
            fields = await self._fields(record, chunk)
            rejects = encode_rejects([_reject(document, result, fields) for document, result in storing.refused])
            cursor = storing.cursor
            name = f"{cursor.call:06}.{content_name(rejects, 'rejects.csv')}"
            await self.files.staging.put(stored_path(record.id, chunk, name), rejects)
            storing.cursor = replace(cursor, rejecting=(*cursor.rejecting, name))

    async def _list_rejects(self, record: RunRecord, chunk: int, cursor: StoreCursor) -> int:
        """Join the rejects of all calls and return their number. A row whose documents lie apart is listed once."""
        if not cursor.rejecting:
            return 0
        files = [await self.files.staging.need(stored_path(record.id, chunk, name)) for name in cursor.rejecting]
        listed = each_row_once(files)
        await self.files.staging.put(stored_path(record.id, chunk, "rejects.csv"), encode_rejects(listed))
        return len(listed)

    async def _fields(self, record: RunRecord, number: int) -> dict[int, list[str]]:
        """Return the input's own columns of every row of the chunk, because staged documents do not have them."""
        listed = await self.files.chunks(record)
        chunk = listed.chunks[number]
        data = await self.files.uncompressed(record).read(chunk.offset, chunk.length)
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

    async def go(self) -> bool:
        """Write from the cursor on; return whether the chunk is done."""
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
        progress = await self.writer.write(self.container, documents, self.limits, self.cursor.ahead)
        self.refused += progress.refused
        self.totals += progress.totals
        self.cursor = _after(self.cursor, documents, progress)
        return progress.acknowledged == len(documents)


def _after(cursor: StoreCursor, documents: Sequence[StagedDocument], progress: WriteProgress) -> StoreCursor:
    return replace(
        cursor,
        offset=cursor.offset + sum(len(document.encoded()) for document in documents[: progress.acknowledged]),
        ahead=progress.next_ahead(),
        documents=cursor.documents + progress.totals.documents,
        refused=cursor.refused + len(progress.refused),
    )


def _reject(document: StagedDocument, result: Result, fields: Mapping[int, list[str]]) -> Reject:
    code = "too_large" if result.status == 413 else f"database_{result.status}"
    return Reject(
        document.row, "", code, result.message.splitlines()[0] if result.message else "", fields.get(document.row, [])
    )
