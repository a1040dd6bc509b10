"""Hides activities under way from the next start for a time, as an Azure queue hides messages.

On Azure a host that was killed keeps its messages until `workItemQueueVisibilityTimeout` is over, because it may still
be alive: only then another host runs its activities again. A lease is the time until which a row is invisible so.
"""

import asyncio

from local.host.clock import Clock
from local.host.storage.database import Database, Queries
from local.host.storage.store import Activity

BEGIN_SECONDS = 0.1  # an activity that ends sooner costs no write


class Leases:
    """Writes and renews the leases of the activities that this host runs."""

    def __init__(self, database: Database, clock: Clock, seconds: float) -> None:
        self._database = database
        self._clock = clock
        self._seconds = seconds
        self._until: dict[int, float] = {}  # by activity; 0 before the first write
        self._held = asyncio.Event()

    def hold(self, activity: Activity) -> None:
        """Note that the activity begins."""
        self._until[activity.id] = 0
        self._held.set()

    def release(self, activity: Activity) -> None:
        """Note that the activity has ended. Its row is gone."""
        del self._until[activity.id]
        if not self._until:
            self._held.clear()

    async def keep(self) -> None:
        """Renew each lease when half of it is over. Runs until it is cancelled."""
        while True:
            await self._held.wait()
            await self._clock.sleep(BEGIN_SECONDS)
            now = self._clock.now().timestamp()
            due = [identity for identity, until in self._until.items() if until - now < self._seconds / 2]
            if due:
                await self._renew(due, now + self._seconds)

    async def _renew(self, due: list[int], until: float) -> None:
        rows = [{"id": identity, "until": until} for identity in due]
        await self._database.write(lambda q: q.run_many("lease_activity", rows), synced=False)
        self._until.update({identity: until for identity in due if identity in self._until})


def unfinished(read: Queries, now: float) -> list[tuple[Activity, float]]:
    """Return every activity in the database with the seconds for which it stays invisible."""
    rows = [dict(row) for row in read.all("all_activities")]
    return [(Activity(**row), max(0.0, (leased or 0) - now)) for row in rows for leased in [row.pop("leased_until")]]
