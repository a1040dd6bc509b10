"""Reads back what the run has stored of one chunk, and compares it with what was staged.

For drift it reads all that a mirror report has of the chunk, also what the run found unchanged and has not written. To
repair it reads a chunk with differences a second time, when these are kept, and writes what is still wrong.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from outlast.calls import ChunkAnswer, ChunkCall
from outlast.cosmos.bulk.limits import Limits
from outlast.cosmos.bulk.staged_document import Reading, StagedDocument
from outlast.cosmos.bulk.transport import Result
from outlast.cosmos.bulk.write_progress import NumberRanges, WriteProgress, numbers_in, ranges_of
from outlast.cosmos.bulk.writer import Writer
from outlast.deadline import SLOT_SECONDS
from outlast.errors import Transient
from outlast.models import Json, Totals
from outlast.report import Report, known_report
from outlast.run_options import DRIFT
from outlast.runs.fence import Gate
from outlast.runs.record import RunRecord
from outlast.staging.chunk_walk import ChunkWalk, WalkCursor
from outlast.staging.compared import Comparer
from outlast.staging.document_keys import hash_of
from outlast.staging.input import InputFiles
from outlast.staging.left_out import left_out_of
from outlast.staging.manifests import Manifests
from outlast.staging.part_windows import PartWindow
from outlast.staging.parts import Generated
from outlast.staging.stored import Stored
from outlast.staging.verified import Comparison, Verified
from outlast.telemetry import emit

TOO_LARGE = 413
"""Status of a document that does not fit into an answer beside the others."""
Pairs = Sequence[tuple[StagedDocument, Result]]


@dataclass(frozen=True, slots=True)
class VerifyCursor(WalkCursor):
    """`found` is what the documents so far were."""

    found: Json = field(default_factory=lambda: Comparison().to_dict())
    repairing: bool = False
    """Whether what differs is written, and the cursor says how far that is."""
    refused: int = 0
    """Documents of those that the database has refused."""
    told: float = 0.0
    """Request units that the answers of the calls so far have counted."""


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """`reader` is a writer of its own, because a read costs less than a write and so is paced apart from `writer`."""

    reports: Mapping[str, Report[Any]]
    gate: Gate
    files: InputFiles
    reader: Writer
    writer: Writer

    async def verify_report(self, given: Json) -> Json:
        """Input: ChunkCall. Returns a ChunkAnswer whose totals count the reads. A repeat finds what was compared, and
        counts the request units that no answer has counted."""
        call = ChunkCall.from_dict(given)
        record, fence, deadline = await self.gate.enter(call, "verifying")
        verified = Verified(self.files.staging, record.id, record.status.earlier)
        kept, cursor = await verified.find(call.chunk), VerifyCursor.from_dict(call.cursor or {})
        untold = Totals() if kept is None else Totals(ru=max(0.0, round(kept.ru - cursor.told, 2)))
        if kept is not None and not _is_to_repair(record, kept):
            return ChunkAnswer(None, untold.to_dict()).to_dict()
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
            comparer=Comparer(record.request.verify != "counts", await self._refused(record, call.chunk)),
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
        totals = untold + comparing.totals
        following = None if done else replace(comparing.cursor, told=cursor.told + totals.ru).to_dict()
        return ChunkAnswer(following, totals.to_dict(), comparing.wait).to_dict()

    async def _refused(self, record: RunRecord, chunk: int) -> Set[int]:
        """The rows of which the database has refused a document: what is missing of them is no difference."""
        return {reject.row for reject in await Stored(self.files.staging, record.marks_folder, chunk).rejects()}


class _Repaired(NamedTuple):
    """Of a window's documents that differ, the numbers of those that the database has refused, and of those that are
    still to be written."""

    refused: Set[int] = frozenset()
    pending: Set[int] = frozenset()


@dataclass(slots=True, kw_only=True)
class _Comparing(ChunkWalk[VerifyCursor]):
    """Compares the documents of a chunk. With a `writer` it writes those that differ."""

    reader: Writer
    mode: str
    comparer: Comparer
    writer: Writer | None = None
    doubtful: list[bytes] = field(default_factory=list)
    """The keys of documents that could not be repaired, for the manifest: the next run writes them again."""

    async def window(self, path: str) -> bool:
        """Compare the next window; return whether all of it is compared, and written where it is to be repaired."""
        part, offset, before = self.cursor.part, self.cursor.offset, self.totals.ru
        window = await self.left_out.window(self.generated, part, path, offset, self.mode)
        found = await self._found(window.documents)
        repaired = await self._repair({n: window.documents[n] for n, one in found.items() if one.wrong})
        done = {*found.keys() - repaired.pending, *self._ahead(window)}
        acknowledged, ahead = ranges_of(sorted(done))
        kept = {*range(acknowledged), *numbers_in(ahead)}
        self._count([one for n, one in found.items() if n in kept], self.totals.ru - before)
        self._doubt([window.documents[n] for n in repaired.refused & kept])
        ahead = tuple((first - acknowledged, behind - acknowledged) for first, behind in ahead)
        self.cursor = replace(self.cursor, offset=window.behind(acknowledged), ahead=ahead)
        return acknowledged == len(window.documents)

    def _ahead(self, window: PartWindow) -> Iterable[int]:
        return (number for number in numbers_in(self.cursor.ahead) if number < len(window.documents))

    def _count(self, found: Iterable[Comparison], ru: float) -> None:
        before = Comparison.from_dict(self.cursor.found)
        self.cursor = replace(self.cursor, found=sum(found, before + Comparison(ru=ru)).to_dict())

    def _doubt(self, refused: Sequence[StagedDocument]) -> None:
        self.cursor = replace(self.cursor, refused=self.cursor.refused + len(refused))
        self.doubtful += [hash_of(one.effective_partition_key, one.id) for one in refused]

    async def _found(self, documents: Sequence[StagedDocument]) -> Mapping[int, Comparison]:
        """By number, what is found of each document that could be read."""
        limits = self.limits if self.writer is None else self.limits.halved()
        readings = [Reading.of(document) for document in documents]
        numbers = {id(reading): number for number, reading in enumerate(readings)}
        progress = await self._sent(self.reader, readings, limits, self.cursor.ahead)
        self.wait = progress.wait
        if progress.fault is not None and not progress.pairs:
            raise progress.fault
        pairs = [(numbers[id(one)], result) for one, result in await self._read_alone(progress.pairs, limits)]
        return {number: self.comparer.compare(documents[number], result) for number, result in pairs}

    async def _sent(
        self, writer: Writer, documents: Sequence[StagedDocument], limits: Limits, ahead: NumberRanges = ()
    ) -> WriteProgress:
        progress = await writer.write(self.container, documents, limits, ahead)
        counted = progress.totals
        self.totals += Totals(ru=counted.ru, throttled=counted.throttled, sends=counted.sends)
        return progress

    async def _repair(self, wrong: Mapping[int, StagedDocument]) -> _Repaired:
        """Write documents again. What reading has overdrawn is waited for behind that, because the next call reads
        again what this one has not written."""
        if self.writer is None or not wrong:
            return _Repaired()
        with self.limits.put_off():
            progress = await self._sent(self.writer, list(wrong.values()), self.limits)
        if progress.fault is not None and not progress.pairs:
            raise progress.fault
        self.wait = max(self.wait, progress.wait, self.limits.wait())
        numbers = {id(document): number for number, document in wrong.items()}
        refused = {numbers[id(document)] for document, _ in progress.refused}
        return _Repaired(refused, wrong.keys() - {numbers[id(document)] for document, _ in progress.pairs})

    async def _read_alone(self, pairs: Pairs, limits: Limits) -> Pairs:
        """Read documents again that did not fit into an answer beside others, as many as the time allows."""
        again, large = [], [reading for reading, result in pairs if result.status == TOO_LARGE]
        again += [(reading, result) for reading, result in pairs if result.status != TOO_LARGE]
        for reading in large:
            progress = await self._sent(self.reader, [reading], limits)
            again += progress.pairs
            self.wait = progress.wait
            if not progress.pairs:
                break
        if large and not again:
            raise progress.fault or Transient(f"a large document of {self.container} could not be read in time")
        return again


def _is_to_repair(record: RunRecord, found: Comparison) -> bool:
    return record.request.repair and found.wrong > 0 and found.repaired is None


def _ended(cursor: VerifyCursor, kept: Comparison | None) -> Comparison:
    """What is kept of a chunk that is compared, or repaired after it was `kept`."""
    found = Comparison.from_dict(cursor.found)
    if kept is None:
        return found
    return replace(kept, ru=round(kept.ru + found.ru, 2), repaired=kept.wrong - cursor.refused)


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
