"""Reconciles the counts of all chunks, writes the receipt, and makes a snapshot's new generation the current one.

Nothing is published that does not add up.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from typing import Any

from outlast.calls import PublishAnswer, PublishCall, RunChange
from outlast.cosmos.snapshots.header import Generation, Snapshots, published
from outlast.deadline import Deadline
from outlast.errors import Permanent
from outlast.models import Json, Totals
from outlast.report import Report, known_report
from outlast.runs.fence import Gate
from outlast.runs.receipt import Counted, InputRead, Receipts
from outlast.runs.record import RunRecord
from outlast.runs.transitions import Event, apply
from outlast.staging.chunk_list import ChunkList
from outlast.staging.corrections import Corrections
from outlast.staging.digest import chained
from outlast.staging.input import InputFiles
from outlast.staging.parts import Generated, PartAnswer
from outlast.staging.stored import Stored, StoredChunk
from outlast.staging.verified import Comparison, Verified


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
        counted = await self._count(record, Counted.from_dict(call.cursor or {}), len(listed.chunks), deadline)
        if counted.chunk < len(listed.chunks):
            return PublishAnswer(counted.to_dict()).to_dict()
        counted = replace(counted, verified=_shown(record, counted))
        receipt = await self._record(call, await self._receipt(record, counted, Totals.from_dict(call.totals), listed))
        newer = await self._publish(await fence.enter(), receipt) if record.request.mode == "snapshot" else None
        return PublishAnswer(None, {**receipt, "superseded_by": newer} if newer else receipt).to_dict()

    async def _count(self, record: RunRecord, counted: Counted, chunks: int, deadline: Deadline) -> Counted:
        """Count the chunks that are not counted yet, until the deadline."""
        while counted.chunk < chunks:
            counted = await self._reconciled(record, counted)
            if deadline.passed():
                break
        return counted

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

    async def _reconciled(self, record: RunRecord, counted: Counted) -> Counted:
        """Count one more chunk from what was staged; raise Permanent where storing did not take all of it."""
        chunk = counted.chunk
        parts = [answer async for _, answer in Generated(self.files.staging, record.id, chunk).parts()]
        stored = await Stored(self.files.staging, record.id, chunk).need()
        generated = sum((Totals.from_dict(part.totals) for part in parts), Totals())
        if generated.documents != stored.documents + stored.refused:
            raise Permanent(
                f"chunk {chunk} of run {record.id}: {generated.documents} documents were generated, "
                f"{stored.documents} stored and {stored.refused} refused; that does not add up, "
                "and the run is not published"
            )
        found = await Verified(self.files.staging, record.id, record.status.revision).find(chunk)
        verified = Comparison.from_dict(counted.verified or {}) + (found or Comparison())
        one = await self._counted(record, chunk, parts, stored)
        return Counted(
            chunk=chunk + 1,
            totals=(Totals.from_dict(counted.totals) + one).to_dict(),
            documents_sha256=chained(counted.documents_sha256, (part.sha256 or part.documents for part in parts)),
            verified=verified.to_dict(),
            reports=list(dict.fromkeys([*counted.reports, *(part.report for part in parts if part.report)])),
        )

    async def _counted(
        self, record: RunRecord, number: int, parts: Sequence[PartAnswer], stored: StoredChunk
    ) -> Totals:
        """What a chunk counts, without rejects that are corrected."""
        corrections, chunk = Corrections(self.files), (await self.files.chunks(record)).chunks[number]
        generated = sum([await corrections.generated(record, chunk, number, part) for part in parts], Totals())
        refused = await corrections.refused(record, chunk, number) if record.status.corrections else stored.rejected
        return replace(generated, documents=stored.documents, rejected=generated.rejected + refused)

    async def _receipt(self, record: RunRecord, counted: Counted, told: Totals, listed: ChunkList) -> Json:
        container = known_report(self.reports, record.request.report).container
        sent = await self.files.sent_sha256(record, listed.read)
        given = InputRead(listed.columns, len(listed.chunks), sent, listed.read)
        return self.receipts.make(record, container, given, counted, told)


def _shown(record: RunRecord, counted: Counted) -> Json | None:
    level = record.request.verify
    return None if level is None else Comparison.from_dict(counted.verified or {}).shown(level)
