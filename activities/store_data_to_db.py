"""Writes one chunk's staged documents into the database until they are in or the deadline comes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from outlast.cosmos.bulk.staged_document import StagedDocument, read_staged
from outlast.cosmos.bulk.token_bucket import Allowance
from outlast.cosmos.bulk.transport import Result
from outlast.cosmos.bulk.writer import Writer
from outlast.deadline import Deadline, Deadlines
from outlast.models import ChunkAnswer, ChunkCall, Json, Payload, Totals
from outlast.report import Report
from outlast.runs.fence import Fence
from outlast.runs.record import RunRecord
from outlast.runs.store import Runs
from outlast.staging.input import InputFiles, format_of
from outlast.staging.parts import Generated
from outlast.staging.paths import content_name, stored_path
from outlast.staging.rejects import Reject, each_row_once, encode_rejects
from outlast.staging.store import Staging

WINDOW = 4 * 1024 * 1024
"""Bytes of lines in memory at once; twice the largest document, so that there is a whole line in it."""


@dataclass(frozen=True, slots=True)
class Place(Payload):
    """The cursor: everything of the chunk before byte `offset` of `part` is settled: written, or refused by the
    database; `ahead` are runs of lines behind it that are settled too. `call` counts the answers; `rejecting` are the
    files of those in which something was refused."""

    part: int = 0
    offset: int = 0
    ahead: Sequence[Sequence[int]] = ()
    call: int = 0
    documents: int = 0
    refused: int = 0
    rejecting: tuple[str, ...] = ()


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
        place = Place.from_dict(call.cursor or {})
        allowance = await self._allowance(record)
        storing = _Storing(
            self, record, allowance, Generated(self.staging, call.run, call.chunk), deadline, fence, place
        )
        done = await storing.go()
        await self._keep_rejects(record, call.chunk, storing)
        if not done:
            return ChunkAnswer(
                replace(storing.place, call=place.call + 1).to_dict(), storing.totals.to_dict()
            ).to_dict()
        rejected = await self._list_rejects(record, call.chunk, storing.place)
        ended = {"documents": storing.place.documents, "refused": storing.place.refused, "rejected": rejected}
        await self.staging.put(stored_path(call.run, call.chunk), orjson.dumps(ended))
        return ChunkAnswer(None, replace(storing.totals, rejected=rejected).to_dict()).to_dict()

    async def _allowance(self, record: RunRecord) -> Allowance | None:
        """This lane's part of what the run may spend."""
        if record.ru_share is None:
            return None
        lanes = min(record.max_parallel, len((await self.files.chunks(record)).chunks))
        return await self.writer.allowance(self.reports[record.report].container, record.ru_share, lanes)

    async def _keep_rejects(self, record: RunRecord, chunk: int, storing: "_Storing") -> None:
        """Stage what the database refused in this call, named by its content: a late double of the call, which stopped
        elsewhere, leaves another file, which no cursor names."""
        if storing.refused:
            fields = await self._fields(record, chunk)
            rejects = encode_rejects([_reject(line, result, fields) for line, result in storing.refused])
            place = storing.place
            name = f"{place.call:06}.{content_name(rejects, 'rejects.csv')}"
            await self.staging.put(stored_path(record.id, chunk, name), rejects)
            storing.place = replace(place, rejecting=(*place.rejecting, name))

    async def _list_rejects(self, record: RunRecord, chunk: int, place: Place) -> int:
        """Put the rejects of all calls together, each row once, and count them: a row's documents may lie apart."""
        if not place.rejecting:
            return 0
        files = [await self.staging.need(stored_path(record.id, chunk, name)) for name in place.rejecting]
        listed = each_row_once(files)
        await self.staging.put(stored_path(record.id, chunk, "rejects.csv"), encode_rejects(listed))
        return len(listed)

    async def _fields(self, record: RunRecord, number: int) -> dict[int, list[str]]:
        """The input's own columns of every row of the chunk: staged documents do not carry them."""
        listed = await self.files.chunks(record)
        chunk = listed.chunks[number]
        data = await self.files.uncompressed(record).read(chunk.offset, chunk.length)
        return {row.number: row.fields for row in format_of(record).rows(data, listed.columns, chunk.first_row)}


@dataclass(slots=True)
class _Storing:
    """One call."""

    step: StoreDataToDb
    record: RunRecord
    allowance: Allowance | None
    generated: Generated
    deadline: Deadline
    fence: Fence
    place: Place
    totals: Totals = field(default_factory=Totals)
    refused: list[tuple[StagedDocument, Result]] = field(default_factory=list)

    async def go(self) -> bool:
        """Write from the place on; tell whether the chunk is done."""
        while (part := await self.generated.find(self.place.part)) is not None:
            path = self.generated.path(self.place.part, part.documents)
            while self.place.offset < part.size:
                if self.deadline.passed() or not await self._window(path):
                    return False
            self.place = replace(self.place, part=self.place.part + 1, offset=0)
            if part.cursor is None:
                return True
        return True

    async def _window(self, path: str) -> bool:
        """Write the next window; tell whether all of it is settled."""
        data = await self.step.staging.get_range(path, self.place.offset, WINDOW)
        lines = read_staged(data[: data.rindex(b"\n") + 1])
        container = self.step.reports[self.record.report].container
        written = await self.step.writer.write(
            container, lines, self.deadline, self.fence.check, self.place.ahead, self.allowance
        )
        self.refused += written.refused
        self.totals += written.totals
        self.place = replace(
            self.place,
            offset=self.place.offset + sum(len(line.encoded()) for line in lines[: written.settled]),
            ahead=written.left(),
            documents=self.place.documents + written.totals.documents,
            refused=self.place.refused + len(written.refused),
        )
        return written.settled == len(lines)


def _reject(line: StagedDocument, result: Result, fields: Mapping[int, list[str]]) -> Reject:
    code = "too_large" if result.status == 413 else f"database_{result.status}"
    return Reject(
        line.row, "", code, result.message.splitlines()[0] if result.message else "", fields.get(line.row, [])
    )
