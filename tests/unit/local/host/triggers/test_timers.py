"""The times at which timer functions run."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from local.host.durable import events
from local.host.storage.database import Database
from local.host.telemetry.observer import SILENT
from local.host.triggers.ncrontab import NotASchedule
from local.host.triggers.timers import TimerTriggers
from tests.unit.local.host.hub import JumpingClock, _never
from tests.unit.local.host.pure import START

HOURLY = {"type": "timerTrigger", "name": "t", "schedule": "0 0 * * * *"}


class Calls:
    """Stands in for the workers, records the calls, and sets `done` after enough of them."""

    def __init__(self, clock: JumpingClock, enough: int, lasting: timedelta) -> None:
        self._clock = clock
        self._enough = enough
        self._lasting = lasting
        self.made: list[tuple[str, bool]] = []
        self.told: list[Any] = []
        self.done = asyncio.Event()
        self.failing = 0

    observer = SILENT

    async def invoke(self, name: str, header: Any, body: bytes, **_: Any) -> tuple[dict[str, Any], bytes]:
        """Record a run of a timer function and let it last."""
        given = json.loads(body)
        self.made.append((f"{self._clock.now():%H:%M}", given["IsPastDue"]))
        self.told.append(given["ScheduleStatus"])
        await self._clock.sleep(self._lasting.total_seconds())
        if len(self.made) == self._enough:
            self.done.set()
        return {"ok": len(self.made) > self.failing, "error": "down", "stack": ""}, b""


def runs(path: Path, binding: dict[str, Any], enough: int, last: timedelta | None = None) -> list[tuple[str, bool]]:
    """Return the first runs after a start. `last` is how long ago the last run before it was."""
    return called(path, binding, enough, last).made[:enough]


def called(
    path: Path,
    binding: dict[str, Any],
    enough: int,
    last: timedelta | None = None,
    lasting: timedelta = timedelta(),
    failing: int = 0,
) -> Calls:
    """Return the recorded calls; each lasts for `lasting`, and the first ones fail."""

    async def run() -> Calls:
        clock = JumpingClock()
        database = Database(path / "host.db", _never)
        if last is not None:
            stamp = events.stamp(START - last)
            await database.write(lambda q: q.run("note_run", function="f", last=stamp))
        calls = Calls(clock, enough, lasting)
        calls.failing = failing
        timers = TimerTriggers(database, calls, clock, None, {"EVERY": "0 30 * * * *", "MINUTE": "30"}, print)  # type: ignore[arg-type]
        timers.use({"f": binding}, starting=True)
        await asyncio.wait_for(calls.done.wait(), 5)
        await timers.stop()
        database.close()
        return calls

    return asyncio.run(run())


def test_a_function_runs_whenever_its_schedule_says(tmp_path: Path) -> None:
    """An hourly function runs at each hour."""
    assert runs(tmp_path, HOURLY, 3) == [("01:00", False), ("02:00", False), ("03:00", False)]


def test_a_function_that_wants_to_runs_at_the_start(tmp_path: Path) -> None:
    """A function with runOnStartup runs at the start and then by its schedule."""
    assert runs(tmp_path, {**HOURLY, "runOnStartup": True}, 2) == [("00:00", False), ("01:00", False)]


def test_a_run_that_was_missed_is_made_up_for(tmp_path: Path) -> None:
    """One past due run makes up for all that were missed."""
    assert runs(tmp_path, HOURLY, 2, last=timedelta(hours=5)) == [("00:00", True), ("01:00", False)]


def test_a_missed_run_comes_before_one_at_the_start(tmp_path: Path) -> None:
    """A function with runOnStartup and missed runs runs once at the start, past due."""
    binding = {**HOURLY, "runOnStartup": True}
    assert runs(tmp_path, binding, 2, last=timedelta(hours=5)) == [("00:00", True), ("01:00", False)]


def test_a_function_that_is_not_monitored_misses_nothing(tmp_path: Path) -> None:
    """A function without a monitor makes up for no run and gets no schedule status."""
    binding = {**HOURLY, "useMonitor": False}
    calls = called(tmp_path, binding, 1, last=timedelta(hours=5))
    assert (calls.made[:1], calls.told[:1]) == ([("01:00", False)], [None])


def test_a_function_is_told_when_it_ran_and_will_run(tmp_path: Path) -> None:
    """A timer function gets the times of its last and next run."""
    told = called(tmp_path, HOURLY, 1, last=timedelta(seconds=0)).told[0]
    assert (told["Last"], told["Next"]) == ("2026-01-01T00:00:00.000000Z", "2026-01-01T01:00:00.000000Z")


def test_a_run_that_outlasts_the_next_ones_time_is_followed_at_once(tmp_path: Path) -> None:
    """A run that outlasts later times is followed at once by one run."""
    calls = called(tmp_path, HOURLY, 3, lasting=timedelta(minutes=150))
    assert [time for time, _ in calls.made[:3]] == ["01:00", "03:30", "06:00"]


@pytest.mark.parametrize(
    ("count", "times"), [("-1", ["01:00", "01:01", "01:02", "02:00"]), ("1", ["01:00", "01:01", "02:00", "03:00"])]
)
def test_a_failed_run_is_tried_again_as_its_policy_says(tmp_path: Path, count: str, times: list[str]) -> None:
    """A run that fails is made again after the policy's delay, so often as it says, with the status of its schedule."""
    binding = {**HOURLY, "retry": {"count": count, "delay": "00:01:00"}}
    calls = called(tmp_path, binding, 4, last=timedelta(), failing=2)
    assert [time for time, _ in calls.made[:4]] == times
    assert calls.told[0] == calls.told[1]


def test_a_run_under_way_outlives_a_change_of_the_code(tmp_path: Path) -> None:
    """A run under way ends with the old code, and the new schedule begins after it."""

    async def run() -> list[tuple[str, bool]]:
        clock = JumpingClock()
        database = Database(tmp_path / "host.db", _never)
        calls = Calls(clock, 2, timedelta(minutes=90))
        ended: list[str] = []
        invoke = calls.invoke

        async def slow(name: str, header: Any, body: bytes, **options: Any) -> tuple[dict[str, Any], bytes]:
            if not calls.made:
                timers.use({"f": {**HOURLY, "schedule": "0 15 * * * *"}}, starting=False)
            answer = await invoke(name, header, body, **options)
            ended.append(f"{clock.now():%H:%M}")
            return answer

        calls.invoke = slow  # type: ignore[method-assign]
        timers = TimerTriggers(database, calls, clock, None, {}, print)  # type: ignore[arg-type]
        timers.use({"f": HOURLY}, starting=True)
        await asyncio.wait_for(calls.done.wait(), 5)
        await timers.stop()
        database.close()
        assert ended[:1] == ["02:30"]
        return calls.made[:2]

    assert asyncio.run(run()) == [("01:00", False), ("03:15", False)]


def test_nothing_is_made_up_for_when_nothing_was_missed(tmp_path: Path) -> None:
    """A start before the next scheduled time makes up for no run."""
    assert runs(tmp_path, HOURLY, 1, last=timedelta(seconds=0)) == [("01:00", False)]


def test_runs_closer_than_a_minute_are_not_made_up_for(tmp_path: Path) -> None:
    """A missed run of a schedule under a minute is dropped, as on the Azure host."""
    often = {**HOURLY, "schedule": "*/30 * * * * *"}
    assert runs(tmp_path, often, 1, last=timedelta(hours=1)) == [("00:00", False)]


def test_a_schedule_may_be_the_name_of_a_setting(tmp_path: Path) -> None:
    """A schedule takes the value of a setting that it names between percent signs, as a whole or in part."""
    expected = [("00:30", False), ("01:30", False)]
    assert runs(tmp_path, {**HOURLY, "schedule": "%EVERY%"}, 2) == expected
    (tmp_path / "other").mkdir()
    assert runs(tmp_path / "other", {**HOURLY, "schedule": "0 %MINUTE% * * * *"}, 2) == expected


def test_a_setting_that_is_missing_is_named(tmp_path: Path) -> None:
    """A schedule with a missing setting raises NotASchedule with the function and the setting."""
    with pytest.raises(NotASchedule, match="of f names the setting NOPE, which is not set"):
        runs(tmp_path, {**HOURLY, "schedule": "%NOPE%"}, 1)
