"""Gauges of the open runs."""

from outlast.open_telemetry.run_gauges import FRESH_SECONDS, OPEN, RunGauges
from outlast.runs.record import RunRecord
from outlast.runs.transitions import TABLE
from tests.fakes.clock import ManualClock
from tests.fakes.records import make_record
from tests.unit.outlast.open_telemetry.recording import Metrics

RUNS = [
    make_record(state="storing", owner="app/hub"),
    make_record(state="queued", owner="app/hub"),
    make_record(state="failed", owner="app/hub", pending=["undo", "email", "webhook"]),
    make_record(state="storing", owner="other/hub"),
]


def listed(clock: ManualClock, runs: list[RunRecord]) -> Metrics:
    metrics, gauges = Metrics(), RunGauges("app/hub", clock)
    gauges.observe_by(metrics.meter)
    gauges.listed(runs)
    return metrics


def test_the_open_runs_of_the_app_are_counted() -> None:
    """Runs are counted by state, those without any as 0, and pending steps by step; other apps' runs are left out."""
    values = listed(ManualClock(), RUNS).values()
    states = {**dict.fromkeys(OPEN, 0), "storing": 1, "queued": 1}
    assert values["outlast.runs"] == {(state,): number for state, number in states.items()}
    assert values["outlast.pending"] == {("undo",): 1, ("email",): 1, ("webhook",): 1}


def test_an_old_list_says_nothing() -> None:
    """A process that has not listed the runs lately has no value: another one lists them now."""
    clock = ManualClock()
    metrics = listed(clock, RUNS)
    clock.advance(FRESH_SECONDS + 1)
    assert metrics.values() == {}


def test_a_process_that_never_lists_says_nothing() -> None:
    """Before the first list there is no value."""
    metrics = Metrics()
    RunGauges("app/hub", ManualClock()).observe_by(metrics.meter)
    assert metrics.values() == {}


def test_each_state_in_which_a_run_is_open_has_a_gauge() -> None:
    """OPEN has every state from which an event leads on, but for the outcomes."""
    left = {state for moves in TABLE.values() for state, to in moves.items() if to != state}
    assert set(OPEN) == left - {"failed", "cancelled", "superseded", "expired", "completed"}
