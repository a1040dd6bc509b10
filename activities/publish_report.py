"""Reconciles the counts of all chunks, writes the receipt, and makes a snapshot's new generation the current one.

Nothing is published that does not add up.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from outlast.calls import PublishAnswer, PublishCall, RunChange
from outlast.cosmos.snapshots.header import Generation, Snapshots, published
from outlast.deadline import Deadline
from outlast.errors import Permanent
from outlast.models import MIRROR, Json, Totals
from outlast.report import Report, known_report
from outlast.runs.fence import Gate
from outlast.runs.record import RunRecord
from outlast.runs.transitions import Event, apply
from outlast.staging.chunk_list import ChunkList
from outlast.staging.input import InputFiles
from outlast.staging.manifests import Manifests
from outlast.staging.mirrors import Mirrors
from outlast.staging.parts import Generated
from outlast.staging.paths import GROUPED
from outlast.staging.resolved import Resolved
from outlast.staging.stored import Stored

MOST_FILES = 100
"""Files that a receipt names."""


@dataclass(frozen=True, slots=True)
class PublishReport:
    reports: Mapping[str, Report[Any]]
    gate: Gate
    files: InputFiles
    snapshots: Snapshots
    now: Callable[[], datetime]

    async def publish_report(self, given: Json) -> Json:
        """Input: PublishCall. Returns a PublishAnswer."""
        call = PublishCall.from_dict(given)
        record, fence, deadline = await self.gate.enter(call, "publishing")
        listed = await self.files.chunks(record)
        chunks = len(listed.chunks) + await self.files.stored_chunks(record) * record.request.grouped
        counted, chunk = await self._count(record, call.cursor, chunks, deadline)
        if chunk < chunks:
            return PublishAnswer({"chunk": chunk, "totals": counted.to_dict()}).to_dict()
        receipt = await self._record(call, self._receipt(record, counted, Totals.from_dict(call.totals), listed))
        if record.request.mode == MIRROR:
            await self._publish_manifest(await fence.enter())
        newer = await self._publish(await fence.enter(), receipt) if record.request.mode == "snapshot" else None
        return PublishAnswer(None, {**receipt, "superseded_by": newer} if newer else receipt).to_dict()

    async def _count(
        self, record: RunRecord, cursor: Json | None, chunks: int, deadline: Deadline
    ) -> tuple[Totals, int]:
        """Count chunks from the cursor on; return the totals and the first chunk that is not counted."""
        counted, chunk = Totals.from_dict(cursor["totals"] if cursor else {}), cursor["chunk"] if cursor else 0
        while chunk < chunks:
            counted += await self._counted(record, chunk)
            chunk += 1
            if deadline.passed():
                break
        return counted, chunk

    async def _counted(self, record: RunRecord, number: int) -> Totals:
        """The counts of a chunk. Those of a grouped report's chunks of rows come first, then those of its shards."""
        rows = len((await self.files.chunks(record)).chunks) if record.request.grouped else 0
        if number >= rows:
            return await self._reconciled(record, number - rows)
        return await _generated(Generated(self.files.staging, record.parts_folder, number, GROUPED))

    async def _record(self, call: PublishCall, receipt: Json) -> Json:
        """The receipt that the record has from then on: that of the first call."""
        change = RunChange(call.run, call.attempt, Event.RECORD_RECEIPT, receipt=receipt)
        record = await self.gate.runs.change(call.run, lambda before: apply(before, change))
        return record.result.receipt or receipt

    async def _publish(self, record: RunRecord, receipt: Json) -> str | None:
        """Make this run's generation the current one; return the run that is newer, where there is one."""
        report = known_report(self.reports, record.request.report)
        now = self.now().astimezone(UTC).isoformat(timespec="milliseconds")
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
        await Mirrors(self.snapshots, self.files.staging, self.now).publish(record, report, manifest.documents)

    async def _reconciled(self, record: RunRecord, chunk: int) -> Totals:
        """Count one chunk from what was staged; raise Permanent where storing did not take all that was generated."""
        stored = await Stored(self.files.staging, record.marks_folder, chunk).need()
        resolved = await Resolved(self.files.staging, record.parts_folder, chunk + 1).of_chunk(chunk)
        generated = await _generated(Generated(self.files.staging, record.parts_folder, chunk))
        if generated.documents != stored.documents + stored.refused + stored.unchanged + resolved.lost:
            raise Permanent(
                f"chunk {chunk} of run {record.id}: {generated.documents} documents were generated, {stored.documents} "
                f"stored, {stored.refused} refused, {stored.unchanged} unchanged and {resolved.lost} lost to other "
                "rows; that does not add up, and the run is not published"
            )
        rejected = generated.rejected + resolved.rejected + stored.rejected
        unchanged = Totals.from_dict(stored.totals or {}).unchanged
        return replace(generated, documents=stored.documents, rejected=rejected, unchanged=unchanged)

    def _receipt(self, record: RunRecord, counted: Totals, told: Totals, listed: ChunkList) -> Json:
        return {
            "run": record.id,
            "report": record.request.report,
            "container": known_report(self.reports, record.request.report).container,
            "rows_read": counted.rows,
            "rows_stored": counted.rows - counted.rejected - counted.unchanged,
            "rows_rejected": counted.rejected,
            "rows_unchanged": counted.unchanged,
            "documents_written": counted.documents,
            "documents_replaced": told.replaced,
            "bytes": told.bytes,
            "request_units": round(told.ru, 2),
            "throttled": told.throttled,
            "sends": told.sends,
            "chunks": len(listed.chunks),
            "seconds": round(
                (self.now().astimezone(UTC) - datetime.fromisoformat(record.request.accepted)).total_seconds(), 3
            ),
            **({"documents_deleted": told.deleted} if record.request.mode == MIRROR else {}),
            **_read_as(listed),
        }


async def _generated(chunk: Generated) -> Totals:
    """The totals of all parts of a chunk."""
    return sum([Totals.from_dict(answer.totals) async for _, answer in chunk.parts()], Totals())


def _read_as(listed: ChunkList) -> Json:
    """How the input was read, and the numbers of the columns that were ignored because they have no name."""
    numbers = [number for number, name in enumerate(listed.columns, 1) if not name]
    reading: Json = {"reading": listed.reading} if listed.reading else {}
    if listed.files:
        reading["files"] = [{"path": one.path, "rows_before": one.before} for one in listed.files[:MOST_FILES]]
    return {**reading, "unnamed_columns": numbers} if numbers else reading
