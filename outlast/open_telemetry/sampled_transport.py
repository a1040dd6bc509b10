"""A span around one in so many requests that carry documents to the database."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count

from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer

from outlast.cosmos.bulk.staged_document import StagedDocument
from outlast.cosmos.bulk.transport import CONNECTION_LOST, Result, Route, Target, Transport
from outlast.key_paths import KeyPaths
from outlast.open_telemetry.activity_spans import INSIDE

ONE_IN = 20
"""A run of ten million documents sends 100,000 requests."""


@dataclass(frozen=True, slots=True)
class SampledTransport:
    """Leaves all to `transport`. The first request of the process has a span, then each that is `ONE_IN` later."""

    transport: Transport
    tracer: Tracer
    numbers: Iterator[int] = field(default_factory=count)

    async def route(self, container: str, stale: Route | None = None) -> Route | Result:
        return await self.transport.route(container, stale)

    async def check_partition_key(self, container: str, key: KeyPaths) -> None:
        await self.transport.check_partition_key(container, key)

    async def throughput(self, container: str) -> float:
        return await self.transport.throughput(container)

    async def send(self, container: str, target: Target, documents: Sequence[StagedDocument]) -> list[Result]:
        if next(self.numbers) % ONE_IN:
            return await self.transport.send(container, target, documents)
        known: dict[str, str | int] = {
            "db.system.name": "azure.cosmosdb",
            "db.collection.name": container,
            "db.operation.batch.size": len(documents),
            "outlast.one_in": ONE_IN,
        }
        span = self.tracer.start_span("bulk request", INSIDE.get(), SpanKind.CLIENT, known)
        try:
            results = await self.transport.send(container, target, documents)
            _tell(span, results)
        finally:
            span.end()
        return results


def _tell(span: Span, results: Sequence[Result]) -> None:
    charge, statuses = sum(result.charge for result in results), [result.status for result in results]
    span.set_attribute("azure.cosmosdb.operation.request_charge", round(charge, 2))
    span.set_attribute("outlast.throttled", statuses.count(429))
    if any(status == CONNECTION_LOST or status >= 500 for status in statuses):
        span.set_status(Status(StatusCode.ERROR))
