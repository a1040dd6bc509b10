"""Reconciles the counts of all chunks, writes the receipt, and makes a snapshot's new generation the current one.

Nothing is published that does not add up.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import orjson

from outlast.cosmos.snapshots.header import Generation, Snapshots, published
from outlast.deadline import Deadlines
from outlast.errors import Permanent
from outlast.models import Json, Totals
from outlast.report import Report
from outlast.runs.fence import Fence
from outlast.runs.record import RunRecord
from outlast.runs.store import Runs
from outlast.staging.input import InputFiles
from outlast.staging.parts import Generated
from outlast.staging.paths import stored_path
from outlast.staging.store import Staging


@dataclass(frozen=True, slots=True)
class PublishReport:
    reports: Mapping[str, Report[Any]]
    runs: Runs
    staging: Staging
    files: InputFiles
    snapshots: Snapshots
    deadlines: Deadlines
    clock: Callable[[], float]
    now: Callable[[], datetime]

    async def publish_report(self, given: Json) -> Json:
        """Given run, attempt, totals of both phases, cursor; answers the cursor and, at the end, the receipt; where a
        newer run is current, it is named there."""
        deadline = self.deadlines.start()
        fence = Fence(self.runs, given["run"], given["attempt"], "publishing", self.clock)
        record = await fence.enter()
        count = len((await self.files.chunks(record)).chunks)
        cursor = given["cursor"] or {"chunk": 0, "totals": Totals().to_dict()}
        counted, chunk = Totals.from_dict(cursor["totals"]), cursor["chunk"]
        while chunk < count:
            counted += await self._reconciled(record, chunk)
            chunk += 1
            if deadline.passed() and chunk < count:
                return {"cursor": {"chunk": chunk, "totals": counted.to_dict()}, "receipt": None}
        receipt = self._receipt(record, counted, Totals.from_dict(given["totals"]), count)
        kept = await self.runs.change(
            record.id, lambda before: before if before.receipt else replace(before, receipt=receipt)
        )
        receipt = kept.receipt or receipt
        newer = await self._publish(await fence.enter(), receipt) if record.mode == "snapshot" else None
        return {"cursor": None, "receipt": {**receipt, "superseded_by": newer} if newer else receipt}

    async def _publish(self, record: RunRecord, receipt: Json) -> str | None:
        """Make this run's generation the current one; return the run that is newer, where there is one."""
        report, now = self.reports[record.report], self.now().astimezone(UTC).isoformat(timespec="milliseconds")
        generation, documents = Generation(record.id, record.accepted), receipt["documents_written"]
        header = await self.snapshots.change(
            report, lambda before: published(before, report.name, generation, documents, now)
        )
        return None if header is None or header.holds(record.id) else header.current.run

    async def _reconciled(self, record: RunRecord, chunk: int) -> Totals:
        """Count one chunk from what was staged; raise Permanent where storing did not take all that was generated."""
        parts = [
            Totals.from_dict(answer.totals) async for _, answer in Generated(self.staging, record.id, chunk).parts()
        ]
        stored: Json = orjson.loads(await self.staging.need(stored_path(record.id, chunk)))
        generated = sum(parts, Totals())
        if generated.documents != stored["documents"] + stored["refused"]:
            raise Permanent(
                f"chunk {chunk} of run {record.id}: {generated.documents} documents were generated, "
                f"{stored['documents']} stored and {stored['refused']} refused; that does not add up, "
                "and the run is not published"
            )
        return replace(generated, documents=stored["documents"], rejected=generated.rejected + stored["rejected"])

    def _receipt(self, record: RunRecord, counted: Totals, told: Totals, chunks: int) -> Json:
        return {
            "run": record.id,
            "report": record.report,
            "container": self.reports[record.report].container,
            "rows_read": counted.rows,
            "rows_stored": counted.rows - counted.rejected,
            "rows_rejected": counted.rejected,
            "documents_written": counted.documents,
            "documents_replaced": told.replaced,
            "bytes": told.bytes,
            "request_units": round(told.ru, 2),
            "throttled": told.throttled,
            "sends": told.sends,
            "chunks": chunks,
            "seconds": round((self.now().astimezone(UTC) - datetime.fromisoformat(record.accepted)).total_seconds(), 3),
        }
