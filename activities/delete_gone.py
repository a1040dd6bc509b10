"""Deletes the documents of a mirror report that its input does not have any more, when everything else is stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from outlast.calls import ChunkAnswer, ChunkCall
from outlast.cosmos.bulk.limits import Limits
from outlast.cosmos.bulk.staged_document import Deletion
from outlast.cosmos.bulk.writer import Writer
from outlast.deadline import SLOT_SECONDS
from outlast.errors import Permanent
from outlast.models import Json, Payload, Totals
from outlast.report import Report, known_report
from outlast.runs.fence import Gate
from outlast.runs.record import RunRecord
from outlast.staging.input import InputFiles
from outlast.staging.mirrors import Mirrors
from outlast.staging.paths import resolved_path
from outlast.staging.resolved import Resolved, Stretch, Summary, buckets_of
from outlast.staging.stored import mark_begun, since
from outlast.telemetry import emit

AT_ONCE = 20_000
"""Documents that one request to the writer deletes at most. They are sorted together, so a cursor that an app with
another number has left goes on at the wrong document."""


@dataclass(frozen=True, slots=True)
class DeleteCursor(Payload):
    """`stretch` and `document` are the first that are not done. `ahead` are ranges of documents behind that are."""

    stretch: int = 0
    document: int = 0
    ahead: Sequence[Sequence[int]] = ()
    totals: Json = field(default_factory=lambda: Totals().to_dict())
    """What the calls so far counted."""
    by_partition: bool = False
    """Whether the documents are counted in the order of their partitions. Those of an earlier release are not."""
    call: int = 0
    """Calls before the next one."""
    sent_before: bool = False
    """Whether documents of the rest may have been deleted before: a call was repeated, or an answer was lost."""


@dataclass(frozen=True, slots=True)
class DeleteGone:
    reports: Mapping[str, Report[Any]]
    gate: Gate
    files: InputFiles
    writer: Writer
    mirrors: Mirrors

    async def delete_gone(self, given: Json) -> Json:
        """Input: ChunkCall, its chunk the number of a shard of keys. Returns a ChunkAnswer.

        A mark is staged when all are deleted. A call that finds it sends nothing and returns the same totals.
        """
        call = ChunkCall.from_dict(given)
        record, fence, deadline = await self.gate.enter(call, "storing")
        cursor = DeleteCursor.from_dict(call.cursor or {"by_partition": True})
        before = Totals.from_dict(cursor.totals)
        mark = resolved_path(record.parts_folder, f"deleted/{call.chunk:03}.json")
        if (found := await self.files.staging.get(mark)) is not None:
            return ChunkAnswer(None, since(before, orjson.loads(found)).to_dict()).to_dict()
        report = known_report(self.reports, record.request.report)
        await self.mirrors.begin(record, report)  # a run without rows has stored no chunk, which would have
        container = report.container
        begun = resolved_path(record.parts_folder, f"deleted/{call.chunk:03}.{cursor.call:06}.begun.json")
        if not await mark_begun(self.files.staging, begun, call.attempt):
            cursor = replace(cursor, sent_before=True)
        bucket = await self.writer.token_bucket(container, record.request.ru_share, call.lanes)
        limits = Limits(deadline.within(SLOT_SECONDS), fence.check, bucket)
        resolved = Resolved(self.files.staging, record.parts_folder, await self.files.stored_chunks(record))
        deleting, began = _Deleting(self.writer, container, resolved, limits, cursor), deadline.clock()
        done = await deleting.go(stretches_with_gone(await resolved.summary(), call.chunk))
        _tell(record, call.chunk, deleting, done=done, seconds=deadline.clock() - began)
        counted = before + deleting.totals
        if done:
            await self.files.staging.put(mark, orjson.dumps(counted.to_dict()))
            return ChunkAnswer(None, deleting.totals.to_dict(), deleting.wait).to_dict()
        following = replace(deleting.cursor, totals=counted.to_dict(), call=cursor.call + 1)
        return ChunkAnswer(following.to_dict(), deleting.totals.to_dict(), deleting.wait).to_dict()


@dataclass(slots=True)
class _Deleting:
    """One call."""

    writer: Writer
    container: str
    resolved: Resolved
    limits: Limits
    cursor: DeleteCursor
    totals: Totals = field(default_factory=Totals)
    wait: float = 0.0

    async def go(self, stretches: Sequence[Stretch]) -> bool:
        """Delete from the cursor on; return whether all is done."""
        while self.cursor.stretch < len(stretches):
            lines = await self.resolved.gone(stretches[self.cursor.stretch])
            while self.cursor.document < len(lines):
                if self.limits.deadline.passed() or not await self._batch(lines):
                    return False
            self.cursor = replace(self.cursor, stretch=self.cursor.stretch + 1, document=0)
        return True

    async def _batch(self, lines: Sequence[bytes]) -> bool:
        """Delete the next documents; return whether all of these are deleted."""
        first = self.cursor.document
        batch = self._next(lines)
        before = self.cursor.sent_before
        progress = await self.writer.write(self.container, batch, self.limits, self.cursor.ahead, sent_before=before)
        if progress.refused:
            document, result = progress.refused[0]
            raise Permanent(
                f"the database refuses to delete the document {document.body.decode()} of {self.container} "
                f"({result.status}), which is not in the input any more; see why, and start a new run"
            )
        if progress.fault is not None and not progress.totals.documents:
            raise progress.fault
        self.totals += replace(progress.totals, documents=0, bytes=0, deleted=progress.totals.documents)
        self.cursor = replace(
            self.cursor,
            document=first + progress.acknowledged,
            ahead=progress.next_ahead(),
            sent_before=before or progress.unsure,
        )
        self.wait = progress.wait
        return progress.acknowledged == len(batch)

    def _next(self, lines: Sequence[bytes]) -> list[Deletion]:
        """The next documents. Those of a partition follow each other, so that what is deleted ahead of the cursor makes
        few ranges."""
        first = self.cursor.document
        if not self.cursor.by_partition:
            return [deletion_of(line) for line in lines[first : first + AT_ONCE]]
        done = first % AT_ONCE
        together = [deletion_of(line) for line in lines[first - done : first - done + AT_ONCE]]
        return sorted(together, key=lambda one: one.effective_partition_key)[done:]


def _tell(record: RunRecord, shard: int, deleting: _Deleting, *, done: bool, seconds: float) -> None:
    totals = deleting.totals
    emit(
        "documents_deleted",
        run=record.id,
        report=record.request.report,
        attempt=record.status.attempt,
        shard=shard,
        done=done,
        seconds=round(seconds, 3),
        wait=round(deleting.wait, 3),
        documents=totals.deleted,
        request_units=round(totals.ru, 2),
        throttled=totals.throttled,
        sends=totals.sends,
    )


def deletion_of(line: bytes) -> Deletion:
    """The deletion of the document with this name."""
    key, name = line.split(b"\t")
    return Deletion.of(tuple(orjson.loads(b"[%b]" % key)), orjson.loads(name))


def stretches_with_gone(summary: Summary, shard: int) -> list[Stretch]:
    """The stretches of a shard that have documents to delete."""
    first, after = buckets_of(shard, summary.count("documents") + summary.count("lost"))
    return [stretch for stretch in summary.with_any("gone") if first <= stretch[0] < after]
