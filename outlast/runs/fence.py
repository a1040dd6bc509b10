"""Stops an activity that works for a run which has moved on."""

from collections.abc import Callable
from dataclasses import dataclass

from outlast.errors import Permanent
from outlast.runs.record import RunRecord
from outlast.runs.store import Runs, need

FENCE_SECONDS = 5.0


@dataclass(slots=True)
class Fence:
    """Stops an activity whose run has moved on: terminate and suspend do not reach it, and one that was given up may
    still be running. The record is read at the first check, then when `FENCE_SECONDS` have passed."""

    runs: Runs
    run: str
    attempt: int
    state: str
    clock: Callable[[], float]
    read_at: float | None = None

    async def check(self) -> None:
        """Raise Permanent unless the run is in the state and attempt that this activity was started for."""
        if self.read_at is None or self.clock() - self.read_at >= FENCE_SECONDS:
            await self.enter()

    async def enter(self) -> RunRecord:
        record = await need(self.runs, self.run)
        self.read_at = self.clock()
        refuse_strangers(record, self.attempt, self.state)
        return record


def refuse_strangers(record: RunRecord, attempt: int, *states: str) -> None:
    """Raise Permanent unless the record is at this attempt and in one of these states."""
    if record.status.attempt != attempt or record.status.state not in states:
        raise Permanent(
            f"run {record.id} is {record.status.state} in attempt {record.status.attempt}; this call belongs to "
            f"{' or '.join(states)} in attempt {attempt} and stops"
        )
