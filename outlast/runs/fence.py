"""Stops an activity that works for a run which has moved on.

Terminate and suspend do not reach an activity, and one that was given up may still be running. So each activity reads
the run's record when it starts and every few seconds; the record's attempt is the fencing token.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from outlast.deadline import Deadline, Deadlines
from outlast.errors import Permanent
from outlast.runs.record import ENDED, RunRecord
from outlast.runs.stale import Stale, refuse_stale
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
    states: tuple[str, ...]
    _read_at: float | None = None
    _moved_on: Permanent | None = None
    _reading: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def check(self) -> None:
        """Raise Permanent where the run has moved on. A record that is read as it was before the call began says
        nothing. Of the many requests of a call, one reads; the others wait for it."""
        async with self._reading:
            if self._moved_on is not None:
                raise self._moved_on
            if self._read_at is None or self.gate.deadlines.clock() - self._read_at >= FENCE_SECONDS:
                with suppress(Stale):
                    await self.enter()

    async def enter(self) -> RunRecord:
        """The record. Raises Permanent where the run has moved on, Stale where the record is behind the call."""
        record = await need(self.gate.runs, self.call.run)
        self._read_at = self.gate.deadlines.clock()
        try:
            refuse_strangers(record, self.call.attempt, *self.states)
        except Permanent as error:
            self._moved_on = error
            raise
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

    async def enter(self, call: Call, *states: str) -> Entered:
        """Start the deadline, read the record. Raises Permanent where the run has moved on, Stale where the read is
        behind the call."""
        deadline = self.deadlines.start()
        fence = Fence(self, call, states)
        return Entered(await fence.enter(), fence, deadline)


async def find_pending(runs: Runs, call: Call, step: str) -> RunRecord | None:
    """The record to which this step of a compensation is pending; None where it is done or waived.

    A replica may be behind the compensation that asks, and what it does not show would be left out. So a record that
    does not have the step is confirmed by a write, which fails on an old one and is then made on the newest. Raises as
    `Gate.enter` does.
    """
    record = await need(runs, call.run)
    refuse_strangers(record, call.attempt, "failing", *ENDED)
    if step not in record.status.pending:
        record = await runs.change(call.run, lambda read: read, confirm=True)
    return record if step in record.status.pending else None


def refuse_strangers(record: RunRecord, attempt: int, *states: str) -> None:
    """Raise Permanent where the record is ahead of this attempt and these states, Stale where it is behind them."""
    refuse_stale(record, attempt, states)
    if record.status.attempt != attempt or record.status.state not in states:
        raise Permanent(
            f"run {record.id} is {record.status.state} in attempt {record.status.attempt}; this call belongs to "
            f"{' or '.join(states)} in attempt {attempt} and stops"
        )
