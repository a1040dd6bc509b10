"""Metrics that follow from events."""

import logging
from collections.abc import Iterator

import pytest

from outlast.open_telemetry.event_metrics import EventMetrics
from outlast.telemetry import EVENTS, LOGGER, emit
from tests.unit.outlast.open_telemetry.recording import Metrics

WHO = {"run": "r1", "report": "sales", "attempt": 1}


@pytest.fixture
def metrics() -> Iterator[Metrics]:
    """What the events of a test add up to."""
    metrics, logger = Metrics(), logging.getLogger(LOGGER)
    handler, level = EventMetrics(metrics.meter), logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield metrics
    logger.removeHandler(handler)
    logger.setLevel(level)


def test_calls_are_added_up(metrics: Metrics) -> None:
    """Rows, documents, request units and throttled operations are added up by report."""
    for _ in range(2):
        emit("rows_generated", **WHO, rows=10)
        emit("documents_stored", **WHO, documents=8, request_units=40.5, throttled=3)
    assert metrics.values() == {
        "outlast.rows": {("sales",): 20},
        "outlast.documents": {("sales",): 16},
        "outlast.request_units": {("sales",): 81},
        "outlast.throttled": {("sales",): 6},
    }


def test_phases_and_ends_are_counted(metrics: Metrics) -> None:
    """The time of each phase and of the wait for a turn are histograms, and ended runs are counted by state."""
    emit("run_phase", **WHO, ended="accepted", seconds=1.5, begun="reading", queue_wait=2.5)
    emit("run_phase", **WHO, ended="reading", seconds=4.0, begun="generating")
    emit("run_ended", **WHO, state="failed", ended="failing", phase_seconds=3.0)
    assert metrics.values() == {
        "outlast.phase.duration": {("sales", "accepted"): 1.5, ("sales", "reading"): 4, ("sales", "failing"): 3},
        "outlast.run.queue_wait": {("sales",): 2.5},
        "outlast.runs.ended": {("sales", "failed"): 1},
    }


def test_a_phase_of_an_older_record_has_no_time(metrics: Metrics) -> None:
    """A phase whose seconds are not known is left out."""
    emit("run_phase", **WHO, ended="reading", begun="generating")
    assert metrics.values() == {}


@pytest.mark.parametrize("event", sorted(EVENTS))
def test_each_event_is_taken(event: str, metrics: Metrics) -> None:
    """No event of the app makes the handler fail."""
    numbers = {"rows": 0, "documents": 0, "request_units": 0.0, "throttled": 0}
    emit(event, **WHO, **{name: value for name, value in numbers.items() if name in EVENTS[event]})
    assert all(
        value == 0 or name == "outlast.runs.ended"
        for name, found in metrics.values().items()
        for value in found.values()
    )
