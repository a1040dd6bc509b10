"""Writes one chunk's staged documents into the database until they are in or the deadline comes."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from outlast.cosmos.bulk.limits import Limits
from outlast.cosmos.bulk.staged_document import StagedDocument, read_staged
from outlast.cosmos.bulk.token_bucket import TokenBucket
from outlast.cosmos.bulk.transport import Result
from outlast.cosmos.bulk.writer import Writer
from outlast.deadline import Deadlines
from outlast.models import ChunkAnswer, ChunkCall, Json, Payload, Totals
from outlast.report import Report
from outlast.runs.fence import Fence
from outlast.runs.record import RunRecord
from outlast.runs.store import Runs
from outlast.staging.input import InputFiles, format_of
from outlast.staging.parts import Generated
from outlast.staging.paths import stored_path
from outlast.staging.rejects import Reject, each_row_once, encode_rejects
from outlast.staging.store import Staging

WINDOW = 4 * 1024 * 1024
"""Bytes of staged text in memory at once. Twice the largest document, so that a window holds a whole one."""


@dataclass(frozen=True, slots=True)
class StoreCursor(Payload):
    """How far the calls so far got. Every document before byte `offset` of part `part` is written or refused."""

    part: int = 0
    offset: int = 0
    ahead: Sequence[Sequence[int]] = ()
    """Ranges of documents behind `offset` that are written or refused too, numbered from it."""
    call: int = 0
    """Calls before the next one."""
    documents: int = 0
    refused: int = 0
    rejecting: tuple[str, ...] = ()
    """The files of rejects that the calls staged."""


@dataclass(frozen=True, slots=True)
class StoreDataToDb:
    reports: Mapping[str, Report[Any]]
    runs: Runs
    staging: Staging
    files: InputFiles
    writer: Writer
    deadlines: Deadlines
    clock: Callable[[], float]

    async def store_data_to_db(self, given: Json) -> Json:
        """Given a chunk and where to go on; `stored/{chunk}.json` is written when all of it is in the database."""
        call, deadline = ChunkCall.from_dict(given), self.deadlines.start()
        fence = Fence(self.runs, call.run, call.attempt, "storing", self.clock)
        record = await fence.enter()
        cursor = StoreCursor.from_dict(call.cursor or {})
        bucket = await self._token_bucket(record)
        limits = Limits(deadline, fence.check, bucket)
        storing = _Storing(self, record, limits, Generated(self.staging, call.run, call.chunk), cursor)
        done = await storing.go()
        await self._keep_rejects(record, call.chunk, storing)
        if not done:
            return ChunkAnswer(
                replace(storing.cursor, call=cursor.call + 1).to_dict(), storing.totals.to_dict()
            ).to_dict()
        rejected = await self._list_rejects(record, call.chunk, storing.cursor)
        ended = {"documents": storing.cursor.documents, "refused": storing.cursor.refused, "rejected": rejected}
        await self.staging.put(stored_path(call.run, call.chunk), orjson.dumps(ended))
        return ChunkAnswer(None, replace(storing.totals, rejected=rejected).to_dict()).to_dict()

    async def _token_bucket(self, record: RunRecord) -> TokenBucket | None:
        """Return the request units of this lane, None when the run has no `ru_share`."""
        if record.ru_share is None:
            return None
        lanes = min(record.max_parallel, len((await self.files.chunks(record.id)).chunks))
        return await self.writer.token_bucket(self.reports[record.report].container, record.ru_share, lanes)

    async def _keep_rejects(self, record: RunRecord, chunk: int, storing: "_Storing") -> None:
        """Stage what the database refused in this call, named by its content: a late double of the call, which stopped
        elsewhere, leaves another file, which no cursor names."""
        if storing.refused:
            fields = await self._fields(record, chunk)
            rejects = encode_rejects([_reject(document, result, fields) for document, result in storing.refused])
            cursor = storing.cursor
            name = f"{cursor.call:06}.{hashlib.sha256(rejects).hexdigest()[:16]}.rejects.csv"
            await self.staging.put(stored_path(record.id, chunk, name), rejects)
            storing.cursor = replace(cursor, rejecting=(*cursor.rejecting, name))

    async def _list_rejects(self, record: RunRecord, chunk: int, cursor: StoreCursor) -> int:
        """Put the rejects of all calls together, each row once, and count them: a row's documents may lie apart."""
        if not cursor.rejecting:
            return 0
        files = [await self.staging.need(stored_path(record.id, chunk, name)) for name in cursor.rejecting]
        listed = each_row_once(files)
        await self.staging.put(stored_path(record.id, chunk, "rejects.csv"), encode_rejects(listed))
        return len(listed)

    async def _fields(self, record: RunRecord, number: int) -> dict[int, list[str]]:
        """The input's own columns of every row of the chunk: staged documents do not carry them."""
        listed = await self.files.chunks(record.id)
        chunk = listed.chunks[number]
        data = await self.files.opened(record).read(chunk.offset, chunk.length)
        return {row.number: row.fields for row in format_of(record).rows(data, listed.columns, chunk.first_row)}


@dataclass(slots=True)
class _Storing:
    """One call."""

    step: StoreDataToDb
    record: RunRecord
    limits: Limits
    generated: Generated
    cursor: StoreCursor
    totals: Totals = field(default_factory=Totals)
    refused: list[tuple[StagedDocument, Result]] = field(default_factory=list)

    async def go(self) -> bool:
        """Write from the cursor on; tell whether the chunk is done."""
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
        """Write the next window. Return whether all of it is acknowledged."""
        data = await self.step.staging.get_range(path, self.cursor.offset, WINDOW)
        documents = read_staged(data[: data.rindex(b"\n") + 1])
        container = self.step.reports[self.record.report].container
        progress = await self.step.writer.write(container, documents, self.limits, self.cursor.ahead)
        self.refused += progress.refused
        self.totals += progress.totals
        self.cursor = replace(
            self.cursor,
            offset=self.cursor.offset + sum(len(document.encoded()) for document in documents[: progress.acknowledged]),
            ahead=progress.next_ahead(),
            documents=self.cursor.documents + progress.totals.documents,
            refused=self.cursor.refused + len(progress.refused),
        )
        return progress.acknowledged == len(documents)


def _reject(document: StagedDocument, result: Result, fields: Mapping[int, list[str]]) -> Reject:
    code = "too_large" if result.status == 413 else f"database_{result.status}"
    return Reject(
        document.row, "", code, result.message.splitlines()[0] if result.message else "", fields.get(document.row, [])
    )
