"""Timer triggers: functions that run by a schedule."""

import asyncio
import json
import os
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from local.host import events
from local.host.clock import Clock
from local.host.cron import Schedule
from local.host.database import Database
from local.host.pool import Aborted, Died, Pool, TimedOut

MONITORED = timedelta(minutes=1)  # schedules closer than that are not caught up with, as on the real host


class TimerTriggers:
    """Runs each timer function when its schedule says so, one run of it at a time."""

    def __init__(
        self,
        database: Database,
        pool: Pool,
        clock: Clock,
        timeout: float | None,
        values: dict[str, str],
        say: Callable[[str], None],
    ) -> None:
        self._database = database
        self._pool = pool
        self._clock = clock
        self._timeout = timeout
        self._values = {**values, **os.environ}
        self._say = say
        self.client = ""
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def use(self, bindings: dict[str, dict[str, Any]], *, starting: bool) -> None:
        """Takes over the app's timer functions; raises NotASchedule for one that cannot be understood."""
        schedules = {name: Schedule(self._setting(str(b["schedule"]))) for name, b in bindings.items()}
        for task in self._tasks.values():
            task.cancel()
        self._tasks = {
            name: asyncio.create_task(self._serve(name, bindings[name], schedule, starting))
            for name, schedule in schedules.items()
        }

    async def stop(self) -> None:
        """Ends the waiting; a run that is under way is lost."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def fire(self, name: str, *, past_due: bool = False) -> None:
        """Runs a timer function once."""
        now = self._clock.now()
        body = json.dumps({"Schedule": {"AdjustForDST": True}, "ScheduleStatus": None, "IsPastDue": past_due})
        await self._database.write(lambda q: q.run("note_run", function=name, last=events.stamp(now)))
        try:
            header, _ = await self._pool.invoke(name, {"client": self.client}, body.encode(), limit=self._timeout)
        except (TimedOut, Died, Aborted) as error:
            self._say(f"Timer function {name} did not end: {type(error).__name__} {error}.")
            return
        if not header["ok"]:
            self._say(f"Timer function {name} failed: {header['error']}\n{header['stack']}")

    async def _serve(self, name: str, binding: dict[str, Any], schedule: Schedule, starting: bool) -> None:
        if starting and binding.get("runOnStartup"):
            await self.fire(name)
        elif starting and self._missed(name, schedule):
            await self.fire(name, past_due=True)
        while True:
            due = schedule.after(self._clock.now())
            await self._sleep_until(due)
            await self.fire(name)

    async def _sleep_until(self, due: datetime) -> None:
        while (left := (due - self._clock.now()).total_seconds()) > 0:
            await self._clock.sleep(left)

    def _missed(self, name: str, schedule: Schedule) -> bool:
        """Whether a run fell into the time when no host was there."""
        row = self._database.read.one("last_run", function=name)
        if row is None:
            return False
        expected = schedule.after(events.moment(row["last"]))
        return schedule.after(expected) - expected >= MONITORED and expected < self._clock.now()

    def _setting(self, text: str) -> str:
        """A schedule between percent signs is the name of a setting."""
        found = re.fullmatch(r"%(.+)%", text)
        return self._values.get(found[1], text) if found else text
