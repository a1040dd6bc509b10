"""What the exporter sends, received over HTTP and read with the protocol's own classes."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import pytest

from outlast.open_telemetry.exporter import Exporter
from outlast.telemetry import emit
from tests.cloud.collector import Collector
from tests.fakes.clock import START
from tests.fakes.records import ACCEPTED, altered, make_record

WHO = {"run": "r1", "report": "sales", "attempt": 1}


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as collector:
        yield collector


async def generate_report(given: Any) -> Any:
    return given


def work(exporter: Exporter) -> None:
    """Do what a run does: an activity, a phase that ends, some events, and a sweep."""
    record = make_record(state="generating", since=ACCEPTED, owner="app/hub")

    async def call() -> None:
        await exporter.traced(generate_report)({"run": "r1", "attempt": 1, "chunk": 0})

    asyncio.run(call())
    exporter.watch.changed(record, altered(record, state="resolving"), START)
    exporter.watch.listed([record])
    emit("rows_generated", **WHO, rows=12)
    emit("documents_stored", **WHO, documents=10, request_units=50.5, throttled=1)
    emit("run_phase", **WHO, ended="queued", seconds=2.0, begun="reading", queue_wait=2.0)


def test_a_collector_understands_what_is_sent(collector: Collector) -> None:
    """Spans and metrics arrive as the protocol wants them, from a process that says which one it is."""
    exporter = Exporter.to(f"{collector.url}/", "app/hub")
    work(exporter)
    exporter.close()
    assert collector.faults == []
    phase, activity = collector.named("generating")[0], collector.named("generate_report")[0]
    assert (activity.trace, activity.parent) == (phase.trace, phase.id)
    totals = {
        "outlast.rows": 12,
        "outlast.documents": 10,
        "outlast.request_units": 50.5,
        "outlast.throttled": 1,
        "outlast.run.queue_wait": 2,
        "outlast.phase.duration": 2,
    }
    assert {name: collector.total(name, report="sales") for name in totals} == totals
    assert collector.total("outlast.runs", state="generating") == collector.total("outlast.runs") == 1
    assert collector.total("outlast.pending") == 0
    (resource,) = collector.resources.values()
    assert resource["service.name"] == "outlast"


def test_the_variables_of_the_protocol_are_read(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    """Headers, name and attributes are those of OpenTelemetry's own variables."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-key=s3cret")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "reports")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
    exporter = Exporter.to(collector.url, "app/hub")
    work(exporter)
    exporter.close()
    assert {headers["x-key"] for headers in collector.headers} == {"s3cret"}
    (resource,) = collector.resources.values()
    assert (resource["service.name"], resource["deployment.environment.name"]) == ("reports", "test")


def test_a_collector_that_is_down_holds_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a collector the work is done as fast, and nothing is raised."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    with Collector() as gone:
        url = gone.url
    exporter = Exporter.to(url, "app/hub")
    began = time.monotonic()
    work(exporter)
    assert time.monotonic() - began < 1
    exporter.close()
