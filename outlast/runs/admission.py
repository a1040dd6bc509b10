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
from outlast.runs.seats import Seats, Taken
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
        """Admit this run, which is awake, or those that have waited longer if there are not seats enough for all.

        The run waits even where the list of the waiting is behind. A planned run asks for nothing.
        """
        taken = await self.seats.taken()
        if run in taken:
            await self._enter(run)
        elif free := self._free(taken):
            waiting = await self._waiting()
            if run not in waiting and await self._is_planned(run):
                return
            queue = waiting if run in waiting else [*waiting, run]
            await self._admit_all(client, [run] if queue.index(run) < free else queue, awake=run)

    async def fill(self, client: Any) -> None:
        """Give the free seats to the runs that have waited longest."""
        await self._give(client, await self.seats.taken())

    async def release(self, client: Any, run: str) -> None:
        """Free the seat of a run whose work has ended, and give it on."""
        await self._give(client, await self.seats.leave(run))

    async def share(self, lanes: int) -> int:
        """The lanes that a run may use of those that it asks for: the runs at work divide them."""
        return max(1, lanes // max(1, len(await self.seats.taken())))

    async def tidy(self, client: Any, records: Sequence[RunRecord]) -> None:
        """Make the seats those of the runs at work. `records` are the open runs of the owner."""
        states, taken = {record.id: record.status.state for record in records}, await self.seats.taken()
        for run in taken:
            if states.get(run) not in AT_WORK:
                await self._enter(run)
        for run in states:
            if states[run] in AT_WORK and run not in taken and await self._is_at_work(run):
                await self.seats.add(run)
        await self.fill(client)

    def _free(self, taken: Taken) -> int:
        return max(0, self.seats.most - len(taken))

    async def _waiting(self) -> list[str]:
        """The runs that have waited longest, more than there are seats: the list may hold some that have one."""
        return [record.id for record in await self.runs.queued(self.seats.owner, 2 * self.seats.most)]

    async def _give(self, client: Any, taken: Taken) -> None:
        if self._free(taken):
            await self._admit_all(client, await self._waiting())

    async def _admit_all(self, client: Any, runs: Sequence[str], awake: str | None = None) -> None:
        """Admit these runs in their order while there are seats, and wake those that are not awake."""
        for run in runs:
            if run not in (taken := await self.seats.take(run)):
                return
            if await self._enter(run):
                if run != awake:
                    await self.launcher.wake(client, run)
                if not self._free(taken):
                    return

    async def _enter(self, run: str) -> bool:
        """Tell a run that has a seat; return whether it knows. One whose work has ended loses its seat."""
        try:
            await self.runs.change(run, _admitted)
        except (NotAllowed, Stale):
            if not await self._is_at_work(run):
                await self.seats.leave(run)
            return False
        return True

    async def _is_planned(self, run: str) -> bool:
        record = await self.runs.find(run)
        return record is not None and record.status.state == "planned"

    async def _is_at_work(self, run: str) -> bool:
        record = await self.runs.find(run)
        return record is not None and record.status.state in AT_WORK


def _admitted(record: RunRecord) -> RunRecord:
    return apply(record, RunChange(record.id, record.status.attempt, Event.ADMIT))
