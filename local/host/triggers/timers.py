"""Runs the functions with a timer trigger."""

import asyncio
import json
import os
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import repeat
from typing import Any

from local.host.clock import Clock
from local.host.durable import events
from local.host.settings import timespan
from local.host.storage.database import Database
from local.host.triggers.ncrontab import NotASchedule, Schedule
from local.host.workers.calls import Aborted, Died, TimedOut
from local.host.workers.pool import Pool

MONITORED = timedelta(minutes=1)  # missed runs of a more frequent schedule are not made up for, as on the Azure host


class TimerTriggers:
    """Runs each timer function by its schedule, one run at a time."""

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
        self._functions: dict[str, tuple[dict[str, Any], Schedule]] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._runs: dict[str, asyncio.Task[None]] = {}  # the runs under way, by function

    def use(self, bindings: dict[str, dict[str, Any]], *, starting: bool) -> None:
        """Use the app's timer functions from now on; raise NotASchedule for a schedule that cannot be parsed.

        A run under way goes on to its end before the next one of its function begins.
        """
        schedules = {name: Schedule(self._resolved(name, str(b["schedule"]))) for name, b in bindings.items()}
        for task in self._tasks.values():
            task.cancel()
        self._functions = {name: (bindings[name], schedule) for name, schedule in schedules.items()}
        self._tasks = {
            name: asyncio.create_task(self._serve(name, bindings[name], schedule, starting))
            for name, schedule in schedules.items()
        }

    async def drain(self) -> None:
        """Begin no new run; return when every run under way has ended."""
        for task in self._tasks.values():
            task.cancel()
        while self._runs:
            await asyncio.wait(self._runs.values())

    async def stop(self) -> None:
        """Begin no new run, and drop the runs under way."""
        tasks = [*self._tasks.values(), *self._runs.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def fire(self, name: str, *, past_due: bool = False) -> None:
        """Run a timer function, and again after each failure as its retry policy says."""
        now = self._clock.now()
        status = self._status(name)
        body = json.dumps({"Schedule": {"AdjustForDST": True}, "ScheduleStatus": status, "IsPastDue": past_due})
        await self._database.write(lambda q: q.run("note_run", function=name, last=events.stamp(now)))
        delays = _delays(self._functions[name][0].get("retry"))
        while not await self._called(name, body.encode(), now) and (delay := next(delays, None)) is not None:
            await self._clock.sleep(delay)

    async def _called(self, name: str, body: bytes, now: datetime) -> bool:
        """Call a timer function; return whether it ended without an error."""
        try:
            call = self._pool.observer.timer(name, f"Timer fired at {now.isoformat()}")
            header, _ = await self._pool.invoke(name, call, body, limit=self._timeout)
        except (TimedOut, Died, Aborted) as error:
            self._say(f"Timer function {name} did not end: {type(error).__name__} {error}.")
            return False
        if not header["ok"]:
            self._say(f"Timer function {name} failed: {header['error']}\n{header['stack']}")
        return bool(header["ok"])

    async def _serve(self, name: str, binding: dict[str, Any], schedule: Schedule, starting: bool) -> None:
        """Run one function by its schedule.

        A run that is still under way at the next one's time is followed by that one at once, as on the Azure host.
        """
        if name in self._runs:
            await asyncio.shield(self._runs[name])
        began = self._clock.now()
        if starting and binding.get("useMonitor", True) and self._missed(name, schedule):
            await self._run(name, past_due=True)
        elif starting and binding.get("runOnStartup"):
            await self._run(name)
        while True:
            due = schedule.after(began)
            await self._sleep_until(due)
            began = max(due, self._clock.now())
            await self._run(name)

    async def _run(self, name: str, *, past_due: bool = False) -> None:
        self._runs[name] = asyncio.create_task(self.fire(name, past_due=past_due))
        self._runs[name].add_done_callback(lambda _: self._runs.pop(name))
        await asyncio.shield(self._runs[name])

    async def _sleep_until(self, due: datetime) -> None:
        while (left := (due - self._clock.now()).total_seconds()) > 0:
            await self._clock.sleep(left)

    def _missed(self, name: str, schedule: Schedule) -> bool:
        """Return whether a run was due while no host was running."""
        row = self._database.read.one("last_run", function=name)
        if row is None:
            return False
        last = events.moment(row["last"])
        return _is_monitored(schedule, last) and schedule.after(last) < self._clock.now()

    def _status(self, name: str) -> dict[str, str] | None:
        """Return the schedule status that a monitored function gets."""
        binding, schedule = self._functions[name]
        row = self._database.read.one("last_run", function=name)
        if row is None or not (binding.get("useMonitor", True) and _is_monitored(schedule, events.moment(row["last"]))):
            return None
        following = schedule.after(events.moment(row["last"]))
        return {"Last": row["last"], "LastUpdated": row["last"], "Next": events.stamp(following)}

    def _resolved(self, name: str, text: str) -> str:
        """Return the schedule with the values of the settings that it names between percent signs."""

        def value(found: re.Match[str]) -> str:
            if found[1] not in self._values:
                raise NotASchedule(f"The schedule {text!r} of {name} names the setting {found[1]}, which is not set.")
            return self._values[found[1]]

        return re.sub("%([^%]+)%", value, text)


def _delays(policy: dict[str, str] | None) -> Iterator[float]:
    """Yield the seconds before each further try; a count of -1 has no end."""
    if policy is None:
        return iter(())
    count, seconds = int(policy["count"]), timespan(policy["delay"])
    return repeat(seconds) if count < 0 else repeat(seconds, count)


def _is_monitored(schedule: Schedule, moment: datetime) -> bool:
    expected = schedule.after(moment)
    return schedule.after(expected) - expected >= MONITORED
