"""What a run exports to a collector, by the embedded host's own processes."""

import hashlib
from collections import Counter
from dataclasses import dataclass
from typing import Any

import pytest

from outlast.open_telemetry.sampled_transport import ONE_IN
from tests.cloud.collector import Collector, Received
from tests.e2e.stack import first_rows, running

SOON = {"OTEL_BSP_SCHEDULE_DELAY": "200", "OTEL_METRIC_EXPORT_INTERVAL": "200"}
ROWS = 7_000
"""Of January's file: three chunks."""
PHASES = ["accepted", "reading", "generating", "resolving", "storing", "publishing"]


@dataclass(frozen=True, slots=True)
class Exported:
    """A run of some chunks, its receipt, and what a collector got while it ran and of a sweep after it."""

    run: str
    receipt: dict[str, Any]
    collector: Collector

    def of_run(self) -> list[Received]:
        return [span for span in self.collector.spans if span.attributes.get("outlast.run") == self.run]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    with Collector() as collector:
        settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, **SOON}
        with running(tmp_path_factory.mktemp("exported"), settings) as stack:
            run = stack.start("flight_delays", first_rows(ROWS))
            receipt = stack.wait(run)["output"]
            stack.sweep()
            found = Exported(run, receipt, collector)
            stack.wait_until(lambda: _is_whole(found), "the spans and metrics of the run")
    return found


def _is_whole(found: Exported) -> bool:
    collector, receipt = found.collector, found.receipt
    arrived = [span.name for span in found.of_run()]
    counted = collector.total("outlast.documents") == receipt["documents_written"]
    swept = any(key[0] == "outlast.runs" for points in collector.points.values() for key in points)
    return "run" in arrived and arrived.count("store_data_to_db") == receipt["chunks"] and counted and swept


def test_a_run_is_a_tree_of_spans(exported: Exported) -> None:
    """The run is the root of its phases, and these of the activities; all are in the trace that its id names."""
    spans = exported.of_run()
    (run,) = [span for span in spans if span.name == "run"]
    assert (run.parent, run.attributes["outlast.state"]) == ("", "completed")
    assert {span.trace for span in spans} == {hashlib.sha256(exported.run.encode()).hexdigest()[:32]}
    phases = {span.id: span.name for span in spans if span.parent == run.id and span.name in PHASES}
    assert sorted(phases.values()) == sorted(PHASES)
    chunks = exported.receipt["chunks"]
    below = Counter((phases[span.parent], span.name) for span in spans if span.parent in phases)
    assert below["generating", "generate_report"] == below["storing", "store_data_to_db"] == chunks
    assert [span.name for span in spans if span.error] == []


def test_some_bulk_requests_are_spans_below_their_activity(exported: Exported) -> None:
    """One in so many requests is a span, below the call of store_data_to_db that has sent it."""
    storing = {span.id for span in exported.of_run() if span.name == "store_data_to_db"}
    requests = exported.collector.named("bulk request")
    sends, processes = exported.receipt["sends"], len(exported.collector.resources)
    assert sends // ONE_IN <= len(requests) <= sends // ONE_IN + processes
    assert {span.parent for span in requests} <= storing
    charged = sum(span.attributes["azure.cosmosdb.operation.request_charge"] for span in requests)
    assert 0 < charged < exported.receipt["request_units"]


def test_metrics_are_those_of_the_receipt(exported: Exported) -> None:
    """The metrics of all processes add up to the receipt."""
    collector, receipt = exported.collector, exported.receipt
    assert collector.total("outlast.rows", report="flight_delays") == receipt["rows_read"]
    assert collector.total("outlast.documents") == receipt["documents_written"]
    assert collector.total("outlast.request_units") == pytest.approx(receipt["request_units"])
    assert collector.total("outlast.throttled") == receipt["throttled"]
    assert collector.total("outlast.phase.duration") == pytest.approx(receipt["seconds"], rel=0.2)
    assert 0 <= collector.total("outlast.run.queue_wait") < receipt["seconds"]


def test_the_sweep_counts_the_open_runs(exported: Exported) -> None:
    """After a sweep the gauges say how many runs are open, by state, and which steps are pending."""
    names = {key[0] for points in exported.collector.points.values() for key in points}
    assert {"outlast.runs", "outlast.pending"} <= names
    assert exported.collector.total("outlast.pending") == 0


def test_the_requests_are_those_of_the_protocol(exported: Exported) -> None:
    """The collector understood each request, and each process says which one it is."""
    assert exported.collector.faults == []
    assert {resource["service.name"] for resource in exported.collector.resources.values()} == {"outlast"}
