"""Reads back what the run has stored of one chunk, and compares it with what was staged.

For drift it reads all that a mirror report has of the chunk, also what the run found unchanged and has not written. To
repair it reads a chunk with differences a second time, when these are kept, and writes what is still wrong.
"""

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
from outlast.models import Json, Totals
from outlast.report import Report, known_report
from outlast.run_options import DRIFT
from outlast.runs.fence import Gate
from outlast.runs.record import RunRecord
from outlast.staging.chunk_walk import ChunkWalk, WalkCursor
from outlast.staging.document_keys import hash_of
from outlast.staging.input import InputFiles
from outlast.staging.left_out import left_out_of
from outlast.staging.manifests import Manifests
from outlast.staging.parts import Generated
from outlast.staging.stored import Stored
from outlast.staging.verified import Comparison, Verified
from outlast.telemetry import emit

TOO_LARGE = 413
"""Status of a document that does not fit into an answer beside the others."""
Pairs = Iterable[tuple[StagedDocument, Result]]


@dataclass(frozen=True, slots=True)
class VerifyCursor(WalkCursor):
    """`found` is what the documents so far were."""

    found: Json = field(default_factory=lambda: Comparison().to_dict())
    repairing: bool = False
    """Whether what differs is written, and the cursor says how far that is."""
    refused: int = 0
    """Documents of those that the database has refused."""


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """`reader` is a writer of its own, because a read costs less than a write and so is paced apart from `writer`."""

    reports: Mapping[str, Report[Any]]
    gate: Gate
    files: InputFiles
    reader: Writer
    writer: Writer

    async def verify_report(self, given: Json) -> Json:
        """Input: ChunkCall. Returns a ChunkAnswer whose totals count the reads. A repeat finds what was compared."""
        call = ChunkCall.from_dict(given)
        record, fence, deadline = await self.gate.enter(call, "verifying")
        verified = Verified(self.files.staging, record.id, record.status.earlier)
        kept, cursor = await verified.find(call.chunk), VerifyCursor.from_dict(call.cursor or {})
        if kept is not None and not _is_to_repair(record, kept):
            return ChunkAnswer(None, Totals().to_dict()).to_dict()
        container, began = known_report(self.reports, record.request.report).container, deadline.clock()
        bucket = await self.reader.token_bucket(container, record.request.ru_share, call.lanes)
        limits = Limits(deadline.within(SLOT_SECONDS), fence.check, bucket)
        comparing = _Comparing(
            reader=self.reader,
            container=container,
            generated=Generated(self.files.staging, record.parts_folder, call.chunk),
            left_out=await left_out_of(self.files, record, call.chunk, same=record.request.verify != DRIFT),
            mode=record.request.mode,
            limits=limits,
            cursor=cursor if cursor.repairing or kept is None else VerifyCursor(repairing=True),
            by_content=record.request.verify != "counts",
            refused=await self._refused(record, call.chunk),
            writer=None if kept is None else self.writer,
        )
        done = await comparing.to_end()
        await Manifests(self.files.staging, record.request.report).doubt(record.id, comparing.doubtful)
        if done:
            found = _ended(comparing.cursor, kept)
            await verified.keep(call.chunk, found)
            if _is_to_repair(record, found):
                done, comparing.cursor = False, VerifyCursor(repairing=True)
        _tell(record, comparing, done, deadline.clock() - began)
        following = None if done else comparing.cursor.to_dict()
        return ChunkAnswer(following, comparing.totals.to_dict(), comparing.wait).to_dict()

    async def _refused(self, record: RunRecord, chunk: int) -> Set[int]:
        """The rows of which the database has refused a document: what is missing of them is no difference."""
        return {reject.row for reject in await Stored(self.files.staging, record.marks_folder, chunk).rejects()}


@dataclass(slots=True, kw_only=True)
class _Comparing(ChunkWalk[VerifyCursor]):
    """Compares the documents of a chunk. With a `writer` it writes those that differ."""

    reader: Writer
    mode: str
    by_content: bool
    refused: Set[int]
    writer: Writer | None = None
    doubtful: list[bytes] = field(default_factory=list)
    """The keys of documents that could not be repaired, for the manifest: the next run writes them again."""

    async def window(self, path: str) -> bool:
        """Compare the next window; return whether all of it is compared."""
        part, offset, before = self.cursor.part, self.cursor.offset, self.totals.ru
        window = await self.left_out.window(self.generated, part, path, offset, self.mode)
        readings = [Reading.of(document) for document in window.documents]
        progress = await self._read(readings, self.cursor.ahead)
        by_reading = {id(reading): document for reading, document in zip(readings, window.documents, strict=True)}
        one_by_one = self._compared([*await self._read_alone(progress.pairs)], by_reading)
        wrong = [document for document, found in one_by_one if found.wrong]
        if self.writer is not None and wrong and not await self._repair(self.writer, wrong):
            self._count(Comparison(ru=self.totals.ru - before))
            return False
        self._count(sum((found for _, found in one_by_one), Comparison(ru=self.totals.ru - before)))
        self.cursor = replace(
            self.cursor,
            offset=window.behind(progress.acknowledged),
            ahead=progress.next_ahead(),
        )
        self.wait = progress.wait
        if progress.fault is not None and not progress.pairs:
            raise progress.fault
        return progress.acknowledged == len(window.documents)

    def _count(self, found: Comparison) -> None:
        self.cursor = replace(self.cursor, found=(Comparison.from_dict(self.cursor.found) + found).to_dict())

    async def _read(self, readings: Sequence[StagedDocument], ahead: Sequence[Sequence[int]] = ()) -> WriteProgress:
        return await self._sent(self.reader, readings, ahead)

    async def _sent(
        self, writer: Writer, documents: Sequence[StagedDocument], ahead: Sequence[Sequence[int]] = ()
    ) -> WriteProgress:
        progress = await writer.write(self.container, documents, self.limits, ahead)
        counted = progress.totals
        self.totals += Totals(ru=counted.ru, throttled=counted.throttled, sends=counted.sends)
        return progress

    async def _repair(self, writer: Writer, wrong: Sequence[StagedDocument]) -> bool:
        """Write documents again; return whether all are written or refused. Where they are not, the next call finds
        those that are left."""
        progress = await self._sent(writer, wrong)
        if progress.fault is not None and not progress.totals.documents:
            raise progress.fault
        self.wait = progress.wait
        if progress.acknowledged < len(wrong):
            return False
        self.cursor = replace(self.cursor, refused=self.cursor.refused + len(progress.refused))
        self.doubtful += [hash_of(one.effective_partition_key, one.id) for one, _ in progress.refused]
        return True

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

    def _compared(
        self, pairs: Pairs, by_reading: Mapping[int, StagedDocument]
    ) -> list[tuple[StagedDocument, Comparison]]:
        """Each document that was read, and what was found of it."""
        read = ((by_reading[id(reading)], result) for reading, result in pairs)
        return [(document, self._one(document, result)) for document, result in read]

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


def _is_to_repair(record: RunRecord, found: Comparison) -> bool:
    return record.request.repair and found.wrong > 0 and found.repaired is None


def _ended(cursor: VerifyCursor, kept: Comparison | None) -> Comparison:
    """What is kept of a chunk that is compared, or repaired after it was `kept`."""
    found = Comparison.from_dict(cursor.found)
    if kept is None:
        return found
    return replace(kept, ru=round(kept.ru + found.ru, 2), repaired=kept.wrong - cursor.refused)


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
