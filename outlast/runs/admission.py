"""Admission: a bounded number of runs is at work, later ones wait in the state `queued`, first come first served.

A run asks for a seat when its orchestration begins, and again each time that it is woken. Whoever ends the work of a
run gives its seat to the one that has waited longest. What a crash leaves undone, the sweep does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from outlast.calls import RunChange
from outlast.runs.launcher import Launcher
from outlast.runs.record import AT_WORK, RunRecord
from outlast.runs.seats import Seats
from outlast.runs.stale import Stale
from outlast.runs.store import Runs
from outlast.runs.transitions import Event, NotAllowed, apply


@dataclass(frozen=True, slots=True)
class Admission:
    """`client` is the Durable client of the caller."""

    runs: Runs
    seats: Seats
    launcher: Launcher

    async def ask(self, client: Any, run: str) -> None:
        """Give the free seats away, because this run has begun to wait for one or was woken."""
        if run in await self.seats.taken():
            await self._admit(run)
        else:
            await self.fill(client, run)

    async def fill(self, client: Any, own: str | None = None) -> None:
        """Give the free seats to the runs that have waited longest.

        `own` is the caller's run: it is awake, and waits even where the list of the waiting is behind.
        """
        if len(await self.seats.taken()) >= self.seats.most:
            return
        waiting = [record.id for record in await self.runs.queued(self.seats.owner, 2 * self.seats.most)]
        for run in waiting if own is None or own in waiting else [*waiting, own]:
            if await self._admit(run) and run != own:
                await self.launcher.wake(client, run)

    async def release(self, client: Any, run: str) -> None:
        """Free the seat of a run whose work has ended, and give it on."""
        await self.seats.leave(run)
        await self.fill(client)

    async def share(self, lanes: int) -> int:
        """The lanes that a run may use of those that it asks for: the runs at work divide them."""
        return max(1, lanes // max(1, len(await self.seats.taken())))

    async def tidy(self, client: Any, records: Sequence[RunRecord]) -> None:
        """Make the seats those of the runs at work. `records` are the open runs of the owner."""
        states, taken = {record.id: record.status.state for record in records}, await self.seats.taken()
        for run in taken:
            if states.get(run) not in AT_WORK:
                await self._admit(run)
        for run in states:
            if states[run] in AT_WORK and run not in taken and await self._is_at_work(run):
                await self.seats.add(run)
        await self.fill(client)

    async def _admit(self, run: str) -> bool:
        """Return whether the run has a seat and knows it. One whose work has ended loses its seat."""
        if not await self.seats.take(run):
            return False
        try:
            await self.runs.change(run, _admitted)
        except (NotAllowed, Stale):
            if not await self._is_at_work(run):
                await self.seats.leave(run)
            return False
        return True

    async def _is_at_work(self, run: str) -> bool:
        record = await self.runs.find(run)
        return record is not None and record.status.state in AT_WORK


def _admitted(record: RunRecord) -> RunRecord:
    return apply(record, RunChange(record.id, record.status.attempt, Event.ADMIT))
