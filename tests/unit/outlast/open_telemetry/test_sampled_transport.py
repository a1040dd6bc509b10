"""A span around one in so many requests."""

import asyncio

import pytest
from opentelemetry.trace import SpanKind, StatusCode

from outlast.cosmos.bulk.staged_document import StagedDocument
from outlast.cosmos.bulk.transport import Target
from outlast.open_telemetry.activity_spans import ActivitySpans
from outlast.open_telemetry.sampled_transport import ONE_IN, SampledTransport
from tests.fakes.transport import CHARGE, FakeTransport, lose, throttle
from tests.unit.outlast.open_telemetry.recording import Spans, id_of, parent_of

DOCUMENT = StagedDocument(1, b'"a"', b"0F", b'{"id":"1","shop":"a"}')
TARGET = Target("b", "p")


def sent(transport: SampledTransport, times: int = 1) -> None:
    async def send() -> None:
        for _ in range(times):
            await transport.send("sales", TARGET, [DOCUMENT])

    asyncio.run(send())


def test_one_in_so_many_requests_is_a_span() -> None:
    """The first request has a span, then the one that is ONE_IN later; all are sent."""
    spans, fake = Spans(), FakeTransport()
    sent(SampledTransport(fake, spans.tracer()), ONE_IN + 2)
    assert len(fake.sent) == ONE_IN + 2
    assert len(spans.exporter.get_finished_spans()) == 2


def test_a_span_says_what_the_request_cost() -> None:
    """The span has the container, the number of documents and the request units, and no document."""
    spans = Spans()
    sent(SampledTransport(FakeTransport(), spans.tracer()))
    span = spans.ended()["bulk request"]
    assert span.kind is SpanKind.CLIENT
    assert dict(span.attributes or {}) == {
        "db.system.name": "azure.cosmosdb",
        "db.collection.name": "sales",
        "db.operation.batch.size": 1,
        "azure.cosmosdb.operation.request_charge": CHARGE,
        "outlast.throttled": 0,
        "outlast.one_in": ONE_IN,
    }


@pytest.mark.parametrize(("fault", "status"), [(throttle(1), StatusCode.UNSET), (lose(False), StatusCode.ERROR)])
def test_a_lost_answer_is_an_error_and_throttling_is_none(fault: object, status: StatusCode) -> None:
    """A request without an answer is an error; one that was throttled is none, because that is how pacing works."""
    spans, fake = Spans(), FakeTransport()
    fake.meet([fault])  # type: ignore[list-item]  # a fault of the fake
    sent(SampledTransport(fake, spans.tracer()))
    span = spans.ended()["bulk request"]
    assert span.status.status_code is status
    assert (span.attributes or {})["outlast.throttled"] == (1 if status is StatusCode.UNSET else 0)


def test_a_request_is_below_the_activity_that_sends_it() -> None:
    """The request's span stands below the span of the call in which it is sent, also from a task of it."""
    spans = Spans()
    tracer = spans.tracer()
    transport = SampledTransport(FakeTransport(), tracer)

    async def store_data_to_db(given: object) -> None:
        await asyncio.create_task(transport.send("sales", TARGET, [DOCUMENT]))

    async def call() -> None:
        await ActivitySpans(tracer).traced(store_data_to_db)({"run": "r1", "attempt": 1})

    asyncio.run(call())
    ended = spans.ended()
    assert parent_of(ended["bulk request"]) == id_of(ended["store_data_to_db"])


def test_the_rest_is_left_to_the_transport() -> None:
    """Routes, throughput and the check of the partition key are those of the transport."""
    fake = FakeTransport(provisioned=400.0)
    transport = SampledTransport(fake, Spans().tracer())

    async def ask() -> float:
        await transport.check_partition_key("sales", "/shop")
        await transport.route("sales")
        return await transport.throughput("sales")

    assert asyncio.run(ask()) == 400.0
    assert fake.routes == 1
