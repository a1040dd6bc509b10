"""Reconciles the counts of all chunks, writes the receipt, and makes a snapshot's new generation the current one.

Nothing is published that does not add up.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC
from typing import Any

from outlast.calls import PublishAnswer, PublishCall, RunChange
from outlast.cosmos.snapshots.header import Generation, Snapshots, published
from outlast.deadline import Deadline
from outlast.errors import Permanent
from outlast.models import MIRROR, Json, Totals
from outlast.report import Report, known_report
from outlast.run_options import DRIFT
from outlast.runs.fence import Gate
from outlast.runs.receipt import Counted, InputRead, Receipts
from outlast.runs.record import RunRecord
from outlast.runs.transitions import Event, apply
from outlast.staging.chunk_list import ChunkList
from outlast.staging.corrections import Corrections
from outlast.staging.digest import chained
from outlast.staging.input import InputFiles
from outlast.staging.manifests import Manifests
from outlast.staging.mirrors import Mirrors
from outlast.staging.parts import Generated, PartAnswer
from outlast.staging.paths import GROUPED
from outlast.staging.resolved import Resolved
from outlast.staging.stored import Stored, StoredChunk
from outlast.staging.verified import Comparison, Verified

MOST_FILES = 100
"""Files that a receipt names."""


@dataclass(frozen=True, slots=True)
class PublishReport:
    reports: Mapping[str, Report[Any]]
    gate: Gate
    files: InputFiles
    snapshots: Snapshots
    receipts: Receipts

    async def publish_report(self, given: Json) -> Json:
        """Input: PublishCall. Returns a PublishAnswer."""
        call = PublishCall.from_dict(given)
        record, fence, deadline = await self.gate.enter(call, "publishing")
        listed = await self.files.chunks(record)
        chunks = len(listed.chunks) + await self.files.stored_chunks(record) * record.request.grouped
        counted = await self._count(record, Counted.from_dict(call.cursor or {}), chunks, deadline)
        if counted.chunk < chunks:
            return PublishAnswer(counted.to_dict()).to_dict()
        receipt = await self._record(call, await self._receipt(record, counted, Totals.from_dict(call.totals), listed))
        if record.request.mode == MIRROR:
            await self._publish_manifest(await fence.enter())
        newer = await self._publish(await fence.enter(), receipt) if record.request.mode == "snapshot" else None
        return PublishAnswer(None, {**receipt, "superseded_by": newer} if newer else receipt).to_dict()

    async def _count(self, record: RunRecord, counted: Counted, chunks: int, deadline: Deadline) -> Counted:
        """Count the chunks that are not counted yet, until the deadline."""
        while counted.chunk < chunks:
            counted = _with(counted, await self._one(record, counted.chunk))
            if deadline.passed():
                break
        return counted

    async def _one(self, record: RunRecord, number: int) -> "_Chunk":
        """What a chunk counts. Those of a grouped report's chunks of rows come first, then those of its shards."""
        rows = len((await self.files.chunks(record)).chunks) if record.request.grouped else 0
        if number >= rows:
            return await self._reconciled(record, number - rows)
        grouped = Generated(self.files.staging, record.parts_folder, number, GROUPED)
        return _Chunk([answer async for _, answer in grouped.parts()])

    async def _record(self, call: PublishCall, receipt: Json) -> Json:
        """The receipt that the record has from then on: that of the first call."""
        change = RunChange(call.run, call.attempt, Event.RECORD_RECEIPT, receipt=receipt)
        record = await self.gate.runs.change(call.run, lambda before: apply(before, change))
        return record.result.receipt or receipt

    async def _publish(self, record: RunRecord, receipt: Json) -> str | None:
        """Make this run's generation the current one; return the run that is newer, where there is one."""
        report = known_report(self.reports, record.request.report)
        now = self.receipts.now().astimezone(UTC).isoformat(timespec="milliseconds")
        generation, documents = Generation(record.id, record.request.accepted), receipt["documents_written"]
        header = await self.snapshots.change(
            report, lambda before: published(before, report.name, generation, documents, now)
        )
        return None if header is None or header.holds(record.id) else header.current.run

    async def _publish_manifest(self, record: RunRecord) -> None:
        """Make this run's manifest the one with which the next run is compared."""
        report = known_report(self.reports, record.request.report)
        manifests = Manifests(self.files.staging, report.name)
        if (manifest := await manifests.find(record.id)) is None:
            raise Permanent(f"the manifest of run {record.id} is missing in the staging location; start a new run")
        mirrors = Mirrors(self.snapshots, self.files.staging, self.receipts.now)
        await mirrors.publish(record, report, manifest.documents)

    async def _reconciled(self, record: RunRecord, chunk: int) -> "_Chunk":
        """Count one chunk from what was staged; raise Permanent where storing did not take all that was generated."""
        stored = await Stored(self.files.staging, record.marks_folder, chunk).need()
        resolved = await Resolved(self.files.staging, record.resolved_folder, chunk + 1).of_chunk(chunk)
        parts = [answer async for _, answer in Generated(self.files.staging, record.parts_folder, chunk).parts()]
        documents, lost = _sum(parts).documents, resolved.lost
        if record.status.corrections and stored.lost is not None:  # what is lost now may have been stored before
            lost = stored.lost
        if documents != stored.documents + stored.refused + stored.unchanged + lost:
            raise Permanent(
                f"chunk {chunk} of run {record.id}: {documents} documents were generated, {stored.documents} "
                f"stored, {stored.refused} refused, {stored.unchanged} unchanged and {lost} lost to other "
                "rows; that does not add up, and the run is not published"
            )
        return await self._counted(record, chunk, parts, stored, resolved.rejected)

    async def _counted(
        self, record: RunRecord, chunk: int, parts: Sequence[PartAnswer], stored: StoredChunk, duplicates: int
    ) -> "_Chunk":
        """What a chunk counts now, without rejects that were corrected since."""
        corrections = Corrections(self.files)
        generated = [await corrections.generated(record, chunk, part, answer) for part, answer in enumerate(parts)]
        refused = await corrections.refused(record, chunk) if record.status.corrections else stored.rejected
        totals = sum(generated, Totals())
        counted = replace(
            totals,
            documents=stored.documents,
            rejected=totals.rejected + duplicates + refused,
            unchanged=Totals.from_dict(stored.totals or {}).unchanged,
        )
        found = await Verified(self.files.staging, record.id, record.status.earlier).find(chunk)
        return _Chunk(parts, counted, duplicates, found or Comparison())

    async def _receipt(self, record: RunRecord, counted: Counted, told: Totals, listed: ChunkList) -> Json:
        container = known_report(self.reports, record.request.report).container
        sent = await self.files.sent_sha256(record, listed)
        given = InputRead(listed.columns, len(listed.chunks), sent, listed.read, _read_as(listed))
        shown = await self._verified(record, Comparison.from_dict(counted.verified or {}))
        return self.receipts.make(record, container, given, replace(counted, verified=shown), told)

    async def _verified(self, record: RunRecord, found: Comparison) -> Json | None:
        """What a verification has found; of drift also how many documents of others there are, about."""
        level = record.request.verify
        if level != DRIFT:
            return found.shown(level) if level else None
        there, ru = await self.snapshots.count(known_report(self.reports, record.request.report))
        own = found.equal + found.different + min(found.missing, found.repaired or 0)
        return replace(found, ru=round(found.ru + ru, 2)).shown(level, unknown=max(0, there - own))


@dataclass(frozen=True, slots=True)
class _Chunk:
    """`totals` are those of the parts where nothing is stored of the chunk itself."""

    parts: Sequence[PartAnswer]
    totals: Totals | None = None
    duplicates: int = 0
    verified: Comparison = field(default_factory=Comparison)


def _with(counted: Counted, chunk: _Chunk) -> Counted:
    totals = chunk.totals if chunk.totals is not None else _sum(chunk.parts)
    hashes = [part.content for part in chunk.parts if chunk.totals is not None]
    reports = [part.report for part in chunk.parts if part.report]
    return Counted(
        chunk=counted.chunk + 1,
        totals=(Totals.from_dict(counted.totals) + totals).to_dict(),
        duplicates=counted.duplicates + chunk.duplicates,
        documents_sha256=chained(counted.documents_sha256, hashes),
        verified=(Comparison.from_dict(counted.verified or {}) + chunk.verified).to_dict(),
        reports=list(dict.fromkeys([*counted.reports, *reports])),
    )


def _sum(parts: Sequence[PartAnswer]) -> Totals:
    return sum((Totals.from_dict(part.totals) for part in parts), Totals())


def _read_as(listed: ChunkList) -> Json:
    """How the input was read."""
    reading: Json = {"reading": listed.reading} if listed.reading else {}
    if listed.files:
        reading["files"] = [{"path": one.path, "rows_before": one.before} for one in listed.files[:MOST_FILES]]
    return reading
