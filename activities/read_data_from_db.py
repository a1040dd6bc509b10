"""The report's own reading, staged once: every later step, and every repeat of one, sees the same data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from outlast.calls import ReferenceAnswer, RunCall
from outlast.carried_logs import LogBudget
from outlast.compute.reading import DatabaseReading, ReadingStopped
from outlast.errors import Permanent
from outlast.models import Json
from outlast.report import Report, known_report
from outlast.runs.fence import Gate
from outlast.staging.paths import reference_path
from outlast.staging.stopped_code import StoppedCode
from outlast.staging.store import Staging

NOTHING = b"null"
"""What a report reads that has no `read_data_from_db`."""


@dataclass(frozen=True, slots=True)
class ReadDataFromDb:
    """`reading` runs the report's code."""

    reports: Mapping[str, Report[Any]]
    gate: Gate
    staging: Staging
    reading: DatabaseReading
    stopped: StoppedCode

    async def read_data_from_db(self, given: Json) -> Json:
        """Input: RunCall. Returns a ReferenceAnswer. A repeat leaves what the first call staged."""
        record, _, deadline = await self.gate.enter(RunCall.from_dict(given), "reading")
        path = reference_path(record.parts_folder)
        if (staged := await self.staging.get(path)) is None:
            report = known_report(self.reports, record.request.report)
            staged = await self._read(report, record.request.parameters, deadline.remaining())
            await self.staging.put_if_absent(path, staged)
        return ReferenceAnswer(len(staged)).to_dict()

    async def _read(self, report: Report[Any], parameters: Json, seconds: float) -> bytes:
        if not report.reads_data:
            return NOTHING
        try:
            read = await self.reading.read(report, parameters, seconds)
        except ReadingStopped as error:
            await self.stopped.note(report.name, "read_data_from_db")
            where = f", and was stopped at {error.where}" if error.where else ""
            raise Permanent(
                f"read_data_from_db of {report.name} took longer than {seconds:.0f} s, 60 % of functionTimeout{where}; "
                "read less, or raise functionTimeout in host.json"
            ) from None
        LogBudget().log(read.logs)
        return read.data
