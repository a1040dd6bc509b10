"""Which replaced generations are past their grace time."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from outlast.cosmos.snapshots.header import Snapshots
from outlast.report import Report


@dataclass(frozen=True, slots=True)
class ExpiredGenerations:
    """`grace` is the time in seconds for which a replaced generation stays, for readers that still read it."""

    reports: Mapping[str, Report[Any]]
    snapshots: Snapshots
    grace: float
    now: Callable[[], datetime]

    async def find(self) -> list[tuple[str, str]]:
        """Return report and run of each generation. A report whose header cannot be read is logged and left out."""
        found = await asyncio.gather(*(self._of(report) for report in self.reports.values()))
        return [generation for generations in found for generation in generations]

    async def _of(self, report: Report[Any]) -> list[tuple[str, str]]:
        try:
            header = await self.snapshots.header(report) if report.mode == "snapshot" else None
            previous = header.previous if header else ()
            return [(report.name, old.run) for old in previous if self._is_over(old.replaced or old.accepted)]
        except Exception as error:  # noqa: BLE001  # one report must not keep the sweep from the others
            logging.getLogger("outlast").error("sweep_runs: report %s: %s", report.name, error)
            return []

    def _is_over(self, replaced: str) -> bool:
        return self.now() - datetime.fromisoformat(replaced) >= timedelta(seconds=self.grace)
