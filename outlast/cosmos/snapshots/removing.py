"""Deletes a generation in calls, each as far as its time and the run's share of request units allow."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from outlast.cosmos.bulk.limits import Limits
from outlast.cosmos.bulk.writer import Writer
from outlast.cosmos.snapshots.header import Snapshots
from outlast.deadline import SLOT_SECONDS, Deadline
from outlast.report import Report


class Removing(NamedTuple):
    """How far one call got. `done`: no document of the generation is left. `wait`: seconds before the next call."""

    deleted: int
    done: bool
    wait: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationRemover:
    snapshots: Snapshots
    writer: Writer

    async def remove(self, report: Report[Any], run: str, ru_share: float | None, deadline: Deadline) -> Removing:
        """Delete documents of the run until none is found."""
        bucket = await self.writer.token_bucket(report.container, ru_share, lanes=1)
        limits = Limits(deadline.within(SLOT_SECONDS), _let_pass, bucket)
        deleted = 0
        while not limits.deadline.passed():
            removed = await self.snapshots.remove(report, run, limits)
            deleted += removed.deleted
            if not removed.found or removed.wait:
                return Removing(deleted, not removed.found, removed.wait)
        return Removing(deleted, done=False)


async def _let_pass() -> None:
    """Nothing fences a removal: what it deletes nobody reads or writes any more."""
