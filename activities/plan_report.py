"""Counts what a run would store, before it stores anything; of an approved run it checks that this is still so."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from outlast.calls import PlanAnswer, RunCall
from outlast.errors import Permanent
from outlast.models import MIRROR, Json, Totals
from outlast.planning.estimator import SAMPLE, Estimator
from outlast.planning.figures import Figures
from outlast.report import Report, known_report
from outlast.runs.fence import Gate
from outlast.runs.record import RunRecord
from outlast.staging.corrections import Corrections
from outlast.staging.digest import chained
from outlast.staging.input import InputFiles
from outlast.staging.left_out import left_out_of
from outlast.staging.parts import Generated, PartAnswer
from outlast.staging.paths import GROUPED, plan_cursor_path, plan_path, rejects_path
from outlast.staging.rejects import each_row_once
from outlast.staging.resolved import Resolved


@dataclass(frozen=True, slots=True)
class PlanReport:
    reports: Mapping[str, Report[Any]]
    gate: Gate
    files: InputFiles
    estimator: Estimator

    async def plan_report(self, given: Json) -> Json:
        """Input: RunCall. Returns a PlanAnswer, of an approved run without a plan.

        The figures so far are staged, because their size grows with the partitions and the codes of rejects. Raises
        Permanent where an approved run has other documents than its plan.
        """
        call = RunCall.from_dict(given)
        record, fence, deadline = await self.gate.enter(call, "resolving")
        if record.status.approved is not None:
            await self._check(record, record.status.approved["documents_sha256"])
            return PlanAnswer(None).to_dict()
        rows, stored = await self._chunks(record), await self.files.stored_chunks(record)
        figures = await self._so_far(record, call.cursor)
        while figures.chunk < rows + stored:
            await fence.check()
            if figures.chunk < rows:
                grouped = Generated(self.files.staging, record.parts_folder, figures.chunk, GROUPED)
                await self._add_rows(figures, record, grouped, [part async for _, part in grouped.parts()])
            else:
                await self._add_documents(figures, record, figures.chunk - rows, stored)
            figures.chunk += 1
            if deadline.passed() and figures.chunk < rows + stored:
                await self._keep(plan_cursor_path(record.resolved_folder, figures.chunk), figures.to_dict())
                return PlanAnswer({"chunk": figures.chunk}).to_dict()
        if record.request.mode == MIRROR:
            await self._compare(figures, record, stored)
        return PlanAnswer(None, await self._end(record, figures.plan())).to_dict()

    async def _chunks(self, record: RunRecord) -> int:
        """The chunks of rows that a grouped report has in front of its shards."""
        return len((await self.files.chunks(record)).chunks) if record.request.grouped else 0

    async def _so_far(self, record: RunRecord, cursor: Json | None) -> Figures:
        if cursor is None:
            return Figures()
        path = plan_cursor_path(record.resolved_folder, cursor["chunk"])
        return Figures.from_dict(orjson.loads(await self.files.staging.need(path)))

    async def _end(self, record: RunRecord, plan: Json) -> Json:
        """Stage the plan; return what the record keeps of it."""
        await self._keep(plan_path(record.resolved_folder), plan)
        return {name: plan[name] for name in ("documents_sha256", "rows", "rejected", "bytes", "request_units")}

    async def _add_documents(self, figures: Figures, record: RunRecord, chunk: int, chunks: int) -> None:
        """Count the documents of a chunk that are to be stored, and its rejects."""
        generated = Generated(self.files.staging, record.parts_folder, chunk)
        parts = [part async for _, part in generated.parts()]
        figures.sha256 = chained(figures.sha256, [part.content for part in parts])
        every = max(1, sum(Totals.from_dict(part.totals).documents for part in parts) // max(1, SAMPLE // chunks))
        left_out, report = await left_out_of(self.files, record, chunk), self._report(record)
        for number, part in enumerate(parts):
            async for window in left_out.windows(generated, number, part, record.request.mode):
                await self.estimator.add(figures, report, window.documents, every)
        await self._add_rows(figures, record, generated, parts, left_out.corrected)
        if left_out.places and (data := await self._rejects(record, chunk)) is not None:
            figures.rejected += (await self._resolved(record, chunks).of_chunk(chunk)).rejected
            _add_rejects(figures, data, left_out.corrected)

    async def _rejects(self, record: RunRecord, chunk: int) -> bytes | None:
        """The rejects of rows whose documents other rows have made, too."""
        return await self.files.staging.get(rejects_path(record.resolved_folder, chunk))

    def _resolved(self, record: RunRecord, chunks: int) -> Resolved:
        return Resolved(self.files.staging, record.resolved_folder, chunks)

    async def _compare(self, figures: Figures, record: RunRecord, chunks: int) -> None:
        """Of a mirror report it is known exactly what is there: the manifest said so when the keys were resolved."""
        summary = await self._resolved(record, chunks).summary()
        kept = summary.count("known") - summary.count("gone")
        unchanged, gone = summary.count("same"), summary.count("gone")
        figures.compare(summary.count("documents") - kept, kept - unchanged, unchanged, gone)

    def _report(self, record: RunRecord) -> Report[Any]:
        return known_report(self.reports, record.request.report)

    async def _add_rows(
        self,
        figures: Figures,
        record: RunRecord,
        generated: Generated,
        parts: Sequence[PartAnswer],
        corrected: Container[int] = (),
    ) -> None:
        """Count the rows of a chunk and those that were rejected while it was generated and not corrected since."""
        corrections = Corrections(self.files)
        for number, part in enumerate(parts):
            totals = await corrections.generated(record, generated.chunk, number, part)
            figures.rows += totals.rows
            figures.rejected += totals.rejected
            if part.rejects is not None:
                _add_rejects(figures, await self.files.staging.need(generated.path(number, part.rejects)), corrected)

    async def _check(self, record: RunRecord, approved: str) -> None:
        """Raise Permanent unless the staged documents are those of the plan that was approved."""
        found = ""
        for chunk in range(await self.files.stored_chunks(record)):
            parts = Generated(self.files.staging, record.parts_folder, chunk).parts()
            found = chained(found, [part.content async for _, part in parts])
        if found != approved:
            raise Permanent(
                f"the staged documents of run {record.id} have the hash {found} and those of the approved plan "
                f"{approved}; nothing is stored: start a new run"
            )

    async def _keep(self, path: str, value: Json) -> None:
        await self.files.staging.put(path, orjson.dumps(value))


def _add_rejects(figures: Figures, data: bytes, corrected: Container[int]) -> None:
    """Count the rejects of a file by their codes, without those of rows that were corrected."""
    for reject in each_row_once([data]):
        if reject.row not in corrected:
            figures.add_reject(reject.row, reject.column, reject.code, reject.message)
