"""Sends spans and metrics to an OTLP endpoint, by the SDK of OpenTelemetry and from its threads."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self
from uuid import uuid4

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from outlast.cosmos.bulk.transport import Transport
from outlast.open_telemetry.activity_spans import ActivitySpans
from outlast.open_telemetry.event_metrics import EventMetrics
from outlast.open_telemetry.export import Activity
from outlast.open_telemetry.run_gauges import RunGauges
from outlast.open_telemetry.run_ids import ChosenIds
from outlast.open_telemetry.run_spans import RunSpans
from outlast.open_telemetry.sampled_transport import SampledTransport
from outlast.runs.record import RunRecord
from outlast.telemetry import LOGGER

SCOPE = "outlast"


@dataclass(frozen=True, slots=True)
class RunWatch:
    spans: RunSpans
    gauges: RunGauges

    def changed(self, before: RunRecord, after: RunRecord, now: datetime) -> None:
        self.spans.changed(before, after, now)

    def listed(self, open_runs: Sequence[RunRecord]) -> None:
        self.gauges.listed(open_runs)


class Exporter:
    """A process has one. It makes providers of its own, because those of the process may belong to the worker."""

    def __init__(
        self, spans: SpanProcessor, metrics: MetricReader, owner: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        ids, resource = ChosenIds(), _resource()
        self._tracers = TracerProvider(resource=resource, id_generator=ids)
        self._tracers.add_span_processor(spans)
        self._meters = MeterProvider([metrics], resource)
        self._tracer, meter = self._tracers.get_tracer(SCOPE), self._meters.get_meter(SCOPE)
        self.watch = RunWatch(RunSpans(self._tracer, ids), RunGauges(owner, clock))
        self.watch.gauges.observe_by(meter)
        self._events = EventMetrics(meter)
        logger = logging.getLogger(LOGGER)
        self._level = logger.level
        logger.setLevel(logging.INFO)
        logger.addHandler(self._events)

    @classmethod
    def to(cls, endpoint: str, owner: str) -> Self:
        """Export in protobuf over HTTP. The library reads its other variables of the environment, such as headers."""
        base = endpoint.rstrip("/")
        spans = BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{base}/v1/traces"))
        return cls(spans, PeriodicExportingMetricReader(OTLPMetricExporter(endpoint=f"{base}/v1/metrics")), owner)

    def traced(self, function: Activity) -> Activity:
        return ActivitySpans(self._tracer).traced(function)

    def sampled(self, transport: Transport) -> Transport:
        return SampledTransport(transport, self._tracer)

    def close(self) -> None:
        """Send what is left. A process that ends by itself does so, too."""
        logger = logging.getLogger(LOGGER)
        logger.removeHandler(self._events)
        logger.setLevel(self._level)
        self._tracers.shutdown()
        self._meters.shutdown()


def _resource() -> Resource:
    """The process, because each counts for itself. The deployer's variables have precedence."""
    return Resource.create({"service.name": "outlast", "service.instance.id": uuid4().hex}).merge(
        OTELResourceDetector().detect()
    )
