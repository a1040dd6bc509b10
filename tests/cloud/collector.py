"""A receiver of OTLP over HTTP that reads requests with the protocol's own classes, as a collector does.

It is not the collector of the OpenTelemetry project, whose binary no package index has.
"""

import gzip
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

Attributes = Mapping[str, Any]
Key = tuple[str, tuple[tuple[str, Any], ...]]


@dataclass(frozen=True, slots=True)
class Received:
    """A span. `parent` is empty for a root, `error` says whether its status is an error; times are in seconds."""

    name: str
    trace: str
    id: str
    parent: str
    begun: float
    ended: float
    error: bool
    links: tuple[str, ...]
    attributes: Attributes


@dataclass(slots=True)
class Collector:
    """`with Collector() as collector:` receives on a free port until the block ends."""

    spans: list[Received] = field(default_factory=list)
    points: dict[str, dict[Key, float]] = field(default_factory=dict)
    """By process the newest value of each metric with its attributes; of a histogram its sum."""
    resources: dict[str, Attributes] = field(default_factory=dict)
    """By process what it says of itself."""
    headers: list[Mapping[str, str]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    """What was no request of the protocol."""
    _server: ThreadingHTTPServer | None = None

    def __enter__(self) -> Self:
        handler = type("Handler", (_Handler,), {"receives": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._server:
            self._server.shutdown()
            self._server.server_close()

    @property
    def url(self) -> str:
        assert self._server
        return f"http://127.0.0.1:{self._server.server_port}"

    def named(self, name: str) -> list[Received]:
        return [span for span in self.spans if span.name == name]

    def total(self, metric: str, **where: Any) -> float:
        """Add up a metric over all processes, where its attributes have these values, without their prefix."""
        asked = {f"outlast.{name}": value for name, value in where.items()}
        found = [
            (dict(key[1]), value)
            for points in self.points.values()
            for key, value in points.items()
            if key[0] == metric
        ]
        return sum(value for attributes, value in found if asked.items() <= attributes.items())

    def take_traces(self, body: bytes) -> bytes:
        for of_resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            self._know(of_resource.resource)
            for of_scope in of_resource.scope_spans:
                self.spans += [_span(span) for span in of_scope.spans]
        return bytes(ExportTraceServiceResponse().SerializeToString())

    def take_metrics(self, body: bytes) -> bytes:
        for of_resource in ExportMetricsServiceRequest.FromString(body).resource_metrics:
            points = self.points.setdefault(self._know(of_resource.resource), {})
            for of_scope in of_resource.scope_metrics:
                for metric in of_scope.metrics:
                    points.update(_values(metric))
        return bytes(ExportMetricsServiceResponse().SerializeToString())

    def _know(self, resource: Any) -> str:
        attributes = _attributes(resource.attributes)
        process = str(attributes["service.instance.id"])
        self.resources[process] = attributes
        return process


class _Handler(BaseHTTPRequestHandler):
    receives: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        try:
            assert self.headers["Content-Type"] == "application/x-protobuf", self.headers["Content-Type"]
            take = {"/v1/traces": self.receives.take_traces, "/v1/metrics": self.receives.take_metrics}[self.path]
            answer = take(body)
        except Exception as error:  # noqa: BLE001  # whatever it is, the test that asks for faults fails by it
            self.receives.faults.append(f"{self.path}: {error!r}")
            self.send_error(400)
            return
        self.receives.headers.append(dict(self.headers))
        self.send_response(200)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def _span(span: Any) -> Received:
    assert len(span.trace_id) == 16
    assert len(span.span_id) == 8
    assert span.end_time_unix_nano >= span.start_time_unix_nano > 0
    return Received(
        name=span.name,
        trace=span.trace_id.hex(),
        id=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        begun=span.start_time_unix_nano / 1e9,
        ended=span.end_time_unix_nano / 1e9,
        error=span.status.code == span.status.STATUS_CODE_ERROR,
        links=tuple(link.trace_id.hex() for link in span.links),
        attributes=_attributes(span.attributes),
    )


def _attributes(pairs: Any) -> dict[str, Any]:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in pairs}


def _values(metric: Any) -> dict[Key, float]:
    kind = metric.WhichOneof("data")
    return {
        (metric.name, tuple(sorted(_attributes(point.attributes).items()))): (
            point.sum if kind == "histogram" else getattr(point, point.WhichOneof("value"))
        )
        for point in getattr(metric, kind).data_points
    }
