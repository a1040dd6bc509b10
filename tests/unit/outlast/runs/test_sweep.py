import asyncio
import logging
from typing import Any, cast

import azure.functions as func
import pytest

from outlast.calls import Removal, RunChange
from outlast.cosmos.snapshots.expired import ExpiredGenerations
from outlast.cosmos.snapshots.header import Generation, Header
from outlast.orchestrations import Compensation
from outlast.runs import sweep
from outlast.runs.launcher import Launcher
from outlast.runs.patience import Patience
from outlast.runs.reconcile import STUCK
from outlast.runs.record import RunRecord
from outlast.runs.sweep import SweepRuns
from outlast.runs.transitions import Event, apply
from tests.fakes.http import FakeClient
from tests.fakes.reports import WITH_SNAPSHOT
from tests.fakes.world import World

GRACE = 3600
TIMER = cast(func.TimerRequest, None)


class Swept:
    """A run's record and its orchestration, and the sweep over them."""

    def __init__(self, status: str | None = None, **fields: Any) -> None:
        self.world, self.client = World(), FakeClient()
        asyncio.run(self.world.accept(b"", **fields))
        if status is not None:
            self.client.shown["r1"] = {
                "runtimeStatus": status,
                "input": f'"{{\\"attempt\\": {self.record.status.attempt}}}"',
            }
        world = self.world
        self.sweep = SweepRuns(
            runs=world.runs,
            launcher=Launcher(5.0),
            admission=world.admission,
            expired=ExpiredGenerations(WITH_SNAPSHOT, world.snapshots, GRACE, world.clock.now),
            patience=Patience(world.clock.now, 120, 8),
        )

    @property
    def record(self) -> RunRecord:
        return self.world.runs.records["r1"]

    def after(self, seconds: float = 0, times: int = 1) -> list[tuple[str, str, Any]]:
        """Return what that many sweeps at once start."""
        self.world.clock.advance(seconds)

        async def sweep() -> None:
            await asyncio.gather(*(self.sweep.sweep_runs(TIMER, self.client) for _ in range(times)))

        asyncio.run(sweep())
        return self.client.started


@pytest.mark.parametrize("times", [1, 2, 5])
def test_an_orchestration_that_died_is_started_as_the_next_attempt(times: int) -> None:
    """A run whose orchestration died is recorded and started as its next attempt once, however many sweeps run at
    once."""
    swept = Swept("Failed", state="storing")
    assert swept.after(times=times) == [("import_report", "r1", {"attempt": 2, "first_retry_seconds": 5.0})]
    assert (swept.record.status.state, swept.record.status.attempt) == ("accepted", 2)


def test_a_sweep_that_died_after_recording_is_made_good_by_the_next() -> None:
    """A next attempt that was recorded and not started is started by the next sweep, without counting another."""
    swept = Swept("Failed", state="storing")
    swept.client.error = Exception("killed")
    assert swept.after() == []
    swept.client.error = None
    assert swept.after() == [("import_report", "r1", {"attempt": 2, "first_retry_seconds": 5.0})]


@pytest.mark.parametrize("state", ["queued", "accepted", "storing", "failing"])
def test_a_run_that_is_removed_during_a_sweep_is_not_started(state: str) -> None:
    """A run that has ended and was removed after the sweep had read its record stays removed."""
    swept = Swept(state=state)
    records = swept.world.runs.records
    swept.client.when_asked = records.clear
    assert swept.after(seconds=3600) == []
    assert records == {}


def test_a_run_that_was_never_started_is_started() -> None:
    """A run whose recorder died is started by the sweep."""
    swept = Swept()
    assert swept.after(59) == []
    assert swept.after(2) == [("import_report", "r1", {"attempt": 1, "first_retry_seconds": 5.0})]
    assert swept.after(2) == [("import_report", "r1", {"attempt": 1, "first_retry_seconds": 5.0})]


@pytest.mark.parametrize("times", [1, 3])
def test_a_run_that_was_terminated_is_compensated(times: int) -> None:
    """One compensation starts, and its failure says that the run was terminated."""
    swept = Swept("Terminated", state="storing")
    [(name, instance, given)] = swept.after(times=times)
    assert (name, instance) == ("compensate_run", "r1:1:compensate")
    assert Compensation.from_dict(given) == Compensation("r1", 1, 5.0)
    assert swept.record.status.state == "failing"
    assert "was terminated" in (swept.record.result.failure or {})["text"]


@pytest.mark.parametrize(
    "fields", [{"state": "storing"}, {"state": "failing"}, {"state": "failed", "pending": ["undo"]}]
)
def test_a_run_of_another_app_on_the_same_database_is_left_alone(fields: dict[str, Any]) -> None:
    """Its orchestration is in another task hub, so that it looks purged from here; it keeps its record and its seat."""
    swept = Swept(owner="slot/Outlast@st", **fields)
    before = swept.record
    assert swept.after(10**6) == []
    assert swept.record == before


def test_a_run_that_was_taken_over_is_started_as_its_next_attempt() -> None:
    """The sweep of the new owner finds no orchestration of it and starts one."""
    swept = Swept(owner="old/Outlast@st", state="storing")
    change = RunChange("r1", 1, Event.TAKE_OVER, owner="")
    asyncio.run(swept.world.runs.change("r1", lambda record: apply(record, change)))
    assert swept.after(61) == [("import_report", "r1", {"attempt": 2, "first_retry_seconds": 5.0})]


def test_a_compensation_at_work_is_not_started_twice() -> None:
    """A failing run whose compensation is at work gets no second one."""
    swept = Swept("Terminated", state="failing")
    swept.client.shown["r1:1:compensate"] = {"runtimeStatus": "Running"}
    assert swept.after(10**6) == []


def test_a_compensation_that_does_not_move_is_terminated_and_then_started_again() -> None:
    """A compensation that does not move is terminated by one sweep and started by the next, and a suspended one is left
    alone."""
    swept = Swept("Terminated", state="failing")
    moved = swept.world.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    shown = swept.client.shown["r1:1:compensate"] = {"runtimeStatus": "Suspended", "lastUpdatedTime": moved}
    assert swept.after(10_000) == []
    swept.client.shown["r1:1:compensate"] = {**shown, "runtimeStatus": "Running"}
    assert swept.after() == []
    assert swept.client.shown["r1:1:compensate"]["output"] == STUCK
    assert [instance for _, instance, _ in swept.after()] == ["r1:1:compensate"]


def test_runs_that_are_left_alone_do_not_keep_others_waiting() -> None:
    """The sweep reaches a run behind any number of runs that it leaves alone."""
    swept = Swept("Suspended", state="storing")
    for number in range(300):
        swept.client.shown[f"s{number}"] = {"runtimeStatus": "Suspended"}
        asyncio.run(swept.world.accept(b"", f"s{number}", state="storing"))
    swept.world.clock.advance(1)
    asyncio.run(swept.world.accept(b"", "r2", state="storing"))
    assert [instance for _, instance, _ in swept.after()] == ["r2:1:compensate"]


def test_what_there_is_no_time_for_is_left_for_the_next_sweep(caplog: pytest.LogCaptureFixture) -> None:
    """A sweep that reaches its deadline leaves the other runs for the next one and logs their number."""
    swept = Swept("Terminated", state="storing")
    asyncio.run(swept.world.accept(b"", "r2", state="storing"))

    async def slow(*_: Any) -> bool:
        swept.world.clock.advance(100)
        return True

    with caplog.at_level(logging.WARNING, logger="outlast"), pytest.MonkeyPatch.context() as patch:
        patch.setattr(sweep._Pass, "_may_start", slow)
        patch.setattr("outlast.runs.sweep.AT_ONCE", 1)
        assert len(swept.after()) == 1
    assert "1 of 2 runs are left for the next" in caplog.text


def test_a_run_that_has_ended_with_pending_steps_is_decided_by_its_record() -> None:
    """An ended run with pending steps is compensated with its own failure, even if its orchestration is gone."""
    failure = {"step": "publish_report", "chunk": None, "text": "no"}
    swept = Swept(state="failed", pending=["email"], failure=failure, compensations=1)
    assert swept.after(119) == []
    assert [name for name, _, _ in swept.after(3600)] == ["compensate_run"]
    assert swept.record.result.failure == failure


def test_what_does_not_move_is_terminated_and_then_started_again() -> None:
    """One sweep terminates the orchestration and the next one starts it."""
    swept = Swept("Running", state="storing")
    assert swept.after(882) == []
    assert swept.client.shown["r1"]["output"] == STUCK
    assert swept.after() == [("import_report", "r1", {"attempt": 2, "first_retry_seconds": 5.0})]


@pytest.mark.parametrize("moving", ["r1", "r1:1:store3-1"])
def test_a_run_whose_lanes_move_is_left_alone(moving: str) -> None:
    """A run is left alone as long as it or a lane of its current wave changes."""
    swept = Swept("Running", state="storing")
    swept.world.clock.advance(10_000)
    swept.client.shown["r1"]["customStatus"] = {"wave": "r1:1:store3", "lanes": 2}
    moved = swept.world.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    swept.client.shown.setdefault(moving, {"runtimeStatus": "Running"})["lastUpdatedTime"] = moved
    swept.after(800)
    assert swept.client.shown["r1"]["runtimeStatus"] == "Running"


def test_one_run_does_not_keep_the_sweep_from_the_others(caplog: pytest.LogCaptureFixture) -> None:
    """An error of one run is logged with its id and does not stop the sweep."""
    swept = Swept("Failed", state="storing")
    asyncio.run(swept.world.accept(b"", "r2", state="storing"))
    swept.client.shown["r1"]["input"] = swept.client.shown["r1"]["runtimeStatus"] = "Broken"
    with caplog.at_level(logging.ERROR, logger="outlast"):
        started = swept.after()
    assert [instance for _, instance, _ in started] == ["r2:1:compensate"]
    assert "sweep_runs: run r1" in caplog.text


def test_what_has_ended_is_not_looked_at() -> None:
    """The sweep starts nothing for an ended run without pending steps, however old the run is."""
    swept = Swept("Failed", state="failed")
    assert swept.after(10**7) == []


@pytest.mark.parametrize("times", [1, 3])
def test_a_replaced_generation_is_removed_when_its_grace_is_over(times: int) -> None:
    """A replaced generation is removed by one orchestration after its grace time and not before."""
    swept = Swept(state="completed")
    now = swept.world.clock.now().isoformat()
    old, new = Generation("r0", "2026-01-01", now), Generation("r1", "2026-01-02")
    swept.world.snapshots.headers["stock"] = Header("stock", new, 5, now, (old,))
    assert swept.after(GRACE - 1) == []
    removal = ("remove_previous", "r0:remove", Removal("stock", "r0", 5.0).to_dict())
    assert swept.after(1, times) == [removal]
    swept.client.shown["r0:remove"] = {"runtimeStatus": "Failed"}
    assert swept.after() == [removal] * 2


def test_a_report_whose_header_cannot_be_read_does_not_stop_the_sweep(caplog: pytest.LogCaptureFixture) -> None:
    """An error of a report's header is logged and does not keep the sweep from the runs."""
    swept = Swept("Failed", state="storing")
    swept.world.snapshots.headers["stock"] = Header("stock", Generation("r1", ""), 5, "", (Generation("r0", "?"),))
    with caplog.at_level(logging.ERROR, logger="outlast"):
        assert len(swept.after()) == 1
    assert "sweep_runs: report stock" in caplog.text
