"""The SDK's own providers, which keep in memory what they are given."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Tracer

from outlast.open_telemetry.run_ids import ChosenIds


@dataclass(frozen=True, slots=True)
class Spans:
    """A tracer, and the spans that it has ended."""

    ids: ChosenIds = field(default_factory=ChosenIds)
    exporter: InMemorySpanExporter = field(default_factory=InMemorySpanExporter)

    def tracer(self) -> Tracer:
        provider = TracerProvider(id_generator=self.ids, shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        return provider.get_tracer("test")

    def ended(self) -> dict[str, ReadableSpan]:
        """Return the spans by their names, of which none is twice."""
        spans = self.exporter.get_finished_spans()
        named = {span.name: span for span in spans}
        assert len(named) == len(spans)
        return named


def id_of(span: ReadableSpan) -> int:
    assert span.context
    return int(span.context.span_id)


def trace_of(span: ReadableSpan) -> int:
    assert span.context
    return int(span.context.trace_id)


def parent_of(span: ReadableSpan) -> int | None:
    return span.parent.span_id if span.parent else None


def seconds_of(span: ReadableSpan) -> float:
    assert span.start_time is not None
    assert span.end_time is not None
    return round((span.end_time - span.start_time) / 1e9, 6)


class Metrics:
    """A meter, and the newest value of each metric with its attributes; of a histogram its sum."""

    def __init__(self) -> None:
        self._reader = InMemoryMetricReader()
        self.meter = MeterProvider([self._reader], shutdown_on_exit=False).get_meter("test")

    def values(self) -> dict[str, dict[tuple[Any, ...], float]]:
        data = self._reader.get_metrics_data()
        found = [
            metric
            for one in (data.resource_metrics if data else [])
            for part in one.scope_metrics
            for metric in part.metrics
        ]
        return {metric.name: {_key(point): _value(point) for point in metric.data.data_points} for metric in found}


def _key(point: Any) -> tuple[Any, ...]:
    return tuple(point.attributes.values())


def _value(point: Any) -> float:
    return float(point.sum if hasattr(point, "sum") else point.value)


def later(time: datetime, seconds: float) -> datetime:
    return time + timedelta(seconds=seconds)
