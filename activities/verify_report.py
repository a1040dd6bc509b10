"""Reads back what the run has stored of one chunk, and compares it with what was staged."""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Any

from outlast.calls import ChunkAnswer, ChunkCall
from outlast.cosmos.bulk.limits import Limits
from outlast.cosmos.bulk.staged_document import Deletion, Reading, StagedDocument
from outlast.cosmos.bulk.transport import MISSING, REPLACED, Result
from outlast.cosmos.bulk.write_progress import WriteProgress
from outlast.cosmos.bulk.writer import Writer
from outlast.cosmos.comparing import difference
from outlast.deadline import SLOT_SECONDS
from outlast.errors import Transient
from outlast.models import Json, Payload, Totals
from outlast.report import Report, known_report
from outlast.runs.fence import Gate
from outlast.runs.record import RunRecord
from outlast.staging.input import InputFiles
from outlast.staging.left_out import LeftOut, left_out_of
from outlast.staging.parts import Generated
from outlast.staging.stored import Stored
from outlast.staging.verified import Comparison, Verified
from outlast.telemetry import emit

TOO_LARGE = 413
"""Status of a document that does not fit into an answer beside the others."""
Pairs = Iterable[tuple[StagedDocument, Result]]


@dataclass(frozen=True, slots=True)
class VerifyCursor(Payload):
    """Every document before byte `offset` of part `part` is compared, and those `ahead`; `found` is what they were."""

    part: int = 0
    offset: int = 0
    ahead: Sequence[Sequence[int]] = ()
    found: Json = field(default_factory=lambda: Comparison().to_dict())


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """`reader` is a writer of its own, because a read costs less than a write and so is paced apart."""

    reports: Mapping[str, Report[Any]]
    gate: Gate
    files: InputFiles
    reader: Writer

    async def verify_report(self, given: Json) -> Json:
        """Input: ChunkCall. Returns a ChunkAnswer whose totals count the reads. A repeat finds what was compared."""
        call = ChunkCall.from_dict(given)
        record, fence, deadline = await self.gate.enter(call, "verifying")
        verified = Verified(self.files.staging, record.id, record.status.earlier)
        if await verified.find(call.chunk) is not None:
            return ChunkAnswer(None, Totals().to_dict()).to_dict()
        container, began = known_report(self.reports, record.request.report).container, deadline.clock()
        bucket = await self.reader.token_bucket(container, record.request.ru_share, call.lanes)
        limits = Limits(deadline.within(SLOT_SECONDS), fence.check, bucket)
        comparing = _Comparing(
            reader=self.reader,
            container=container,
            generated=Generated(self.files.staging, record.parts_folder, call.chunk),
            left_out=await left_out_of(self.files, record, call.chunk),
            mode=record.request.mode,
            limits=limits,
            cursor=VerifyCursor.from_dict(call.cursor or {}),
            by_content=record.request.verify == "content",
            refused=await self._refused(record, call.chunk),
        )
        if done := await comparing.go():
            await verified.keep(call.chunk, Comparison.from_dict(comparing.cursor.found))
        _tell(record, comparing, done, deadline.clock() - began)
        cursor = None if done else comparing.cursor.to_dict()
        return ChunkAnswer(cursor, comparing.totals.to_dict(), 0.0 if done else comparing.wait).to_dict()

    async def _refused(self, record: RunRecord, chunk: int) -> Set[int]:
        """The rows of which the database has refused a document: what is missing of them is no difference."""
        return {reject.row for reject in await Stored(self.files.staging, record.marks_folder, chunk).rejects()}


@dataclass(slots=True, kw_only=True)
class _Comparing:
    """One call: compares a chunk's documents window by window."""

    reader: Writer
    container: str
    generated: Generated
    left_out: LeftOut
    mode: str
    limits: Limits
    cursor: VerifyCursor
    by_content: bool
    refused: Set[int]
    totals: Totals = field(default_factory=Totals)
    wait: float = 0.0

    async def go(self) -> bool:
        """Compare from the cursor on; return whether the chunk is done."""
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
        """Compare the next window; return whether all of it is compared."""
        part, offset, before = self.cursor.part, self.cursor.offset, self.totals.ru
        window = await self.left_out.window(self.generated, part, path, offset, self.mode)
        readings = [Reading.of(document) for document in window.documents]
        progress = await self._read(readings, self.cursor.ahead)
        by_reading = {id(reading): document for reading, document in zip(readings, window.documents, strict=True)}
        found = self._compared([*await self._read_alone(progress.pairs)], by_reading)
        self.cursor = replace(
            self.cursor,
            offset=window.behind(progress.acknowledged),
            ahead=progress.next_ahead(),
            found=(Comparison.from_dict(self.cursor.found) + replace(found, ru=self.totals.ru - before)).to_dict(),
        )
        self.wait = progress.wait
        if progress.fault is not None and not progress.pairs:
            raise progress.fault
        return progress.acknowledged == len(window.documents)

    async def _read(self, readings: Sequence[StagedDocument], ahead: Sequence[Sequence[int]] = ()) -> WriteProgress:
        progress = await self.reader.write(self.container, readings, self.limits, ahead)
        read = progress.totals
        self.totals += Totals(ru=read.ru, throttled=read.throttled, sends=read.sends)
        return progress

    async def _read_alone(self, pairs: Pairs) -> Pairs:
        """Read documents again that did not fit into an answer beside others."""
        again = []
        for reading, result in pairs:
            if result.status != TOO_LARGE:
                again.append((reading, result))
                continue
            progress = await self._read([reading])
            if not progress.pairs:
                raise progress.fault or Transient(f"a large document of {self.container} could not be read in time")
            again += progress.pairs
        return again

    def _compared(self, pairs: Pairs, by_reading: Mapping[int, StagedDocument]) -> Comparison:
        return sum((self._one(by_reading[id(reading)], result) for reading, result in pairs), Comparison())

    def _one(self, document: StagedDocument, result: Result) -> Comparison:
        """A document that the database has refused may be there or not, as it is or as it was."""
        what, where = self._difference(document, result)
        if what is None:
            return Comparison(documents=1, equal=1)
        is_read = result.status == REPLACED or (result.status, result.substatus) == MISSING
        return Comparison() if is_read and document.row in self.refused else _differing(document, what, where)

    def _difference(self, document: StagedDocument, result: Result) -> tuple[str | None, str]:
        """What is wrong with a document, None where nothing is, and where in it."""
        is_missing = (result.status, result.substatus) == MISSING
        if not is_missing and result.status != REPLACED:
            return "different", f"the database answered {result.status}: {result.message}"
        if isinstance(document, Deletion):
            return (None, "") if is_missing else ("different", "it is still there")
        if is_missing:
            return "missing", ""
        path = difference(document, result.content or {}) if self.by_content else None
        return (None, "") if path is None else ("different", path)


def _differing(document: StagedDocument, what: str, where: str) -> Comparison:
    key = document.partition_key.decode()
    shown = {"row": document.row, "id": document.id, "partition_key": f"[{key}]", "what": what, "where": where}
    return Comparison(1, 0, int(what == "different"), int(what == "missing"), 0.0, [shown])


def _tell(record: RunRecord, comparing: _Comparing, done: bool, seconds: float) -> None:
    emit(
        "documents_verified",
        run=record.id,
        report=record.request.report,
        attempt=record.status.attempt,
        chunk=comparing.generated.chunk,
        done=done,
        seconds=round(seconds, 3),
        wait=round(comparing.wait, 3),
        documents=comparing.cursor.found["documents"],
        request_units=round(comparing.totals.ru, 2),
        throttled=comparing.totals.throttled,
    )
