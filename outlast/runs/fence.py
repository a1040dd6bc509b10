"""Stops an activity that works for a run which has moved on.

Terminate and suspend do not reach an activity, and one that was given up may still be running. So each activity reads
the run's record when it starts and every few seconds; the record's attempt is the fencing token.
"""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from outlast.deadline import Deadline, Deadlines
from outlast.errors import Permanent
from outlast.runs.record import RunRecord
from outlast.runs.store import Runs, need

FENCE_SECONDS = 5.0


class Call(Protocol):
    """The input of an activity that works for a run."""

    @property
    def run(self) -> str: ...
    @property
    def attempt(self) -> int: ...


@dataclass(slots=True)
class Fence:
    """Reads the record at the first check, then whenever FENCE_SECONDS have passed."""

    gate: "Gate"
    call: Call
    state: str
    read_at: float | None = None

    async def check(self) -> None:
        """Raise Permanent unless the run is in the state and attempt that this activity was started for."""
        if self.read_at is None or self.gate.deadlines.clock() - self.read_at >= FENCE_SECONDS:
            await self.enter()

    async def enter(self) -> RunRecord:
        record = await need(self.gate.runs, self.call.run)
        self.read_at = self.gate.deadlines.clock()
        refuse_strangers(record, self.call.attempt, self.state)
        return record


class Entered(NamedTuple):
    record: RunRecord
    fence: Fence
    deadline: Deadline


@dataclass(frozen=True, slots=True)
class Gate:
    """Where an activity enters: its deadline starts, and its run must be where the activity belongs."""

    runs: Runs
    deadlines: Deadlines

    async def enter(self, call: Call, state: str) -> Entered:
        """Start the deadline, read the record; raise Permanent where the run has moved on."""
        deadline = self.deadlines.start()
        fence = Fence(self, call, state)
        return Entered(await fence.enter(), fence, deadline)


def refuse_strangers(record: RunRecord, attempt: int, *states: str) -> None:
    """Raise Permanent unless the record is at this attempt and in one of these states."""
    if record.status.attempt != attempt or record.status.state not in states:
        raise Permanent(
            f"run {record.id} is {record.status.state} in attempt {record.status.attempt}; this call belongs to "
            f"{' or '.join(states)} in attempt {attempt} and stops"
        )
