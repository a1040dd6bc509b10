import asyncio
from collections.abc import Sequence
from typing import Any

import orjson
import pytest

from outlast.cosmos.bulk.limits import Limits
from outlast.cosmos.bulk.rate_controller import MAX_OPERATIONS, RateControllers
from outlast.cosmos.bulk.staged_document import StagedDocument, read_staged
from outlast.cosmos.bulk.write_progress import WriteProgress
from outlast.cosmos.document import staged
from outlast.deadline import Deadline
from tests.fakes.clock import ManualClock
from tests.fakes.transport import CHARGE, FakeTransport, Fault, lose, throttle
from tests.unit.outlast.cosmos.bulk.writing import CONTAINER, let_pass, open_writer

ACCEPTED = 5000.0


def creations(*contents: dict[str, Any]) -> list[StagedDocument]:
    made = [staged({"shop": "s", **content}, ["shop"], row) for row, content in enumerate(contents, 2)]
    return read_staged(b"".join(one.encoded() for one in made), "create")


def write(transport: FakeTransport, documents: Sequence[StagedDocument]) -> WriteProgress:
    clock = ManualClock()
    writer = open_writer(transport, clock, RateControllers(clock, MAX_OPERATIONS))
    limits = Limits(Deadline(clock() + 1000, clock), let_pass)
    return asyncio.run(writer.write(CONTAINER, documents, limits, since=ACCEPTED))


def database(written_at: float, *contents: dict[str, Any]) -> FakeTransport:
    """Return a database that has these documents from that time on, and later writes at ACCEPTED."""
    transport = FakeTransport(now=lambda: written_at)
    for content in contents:
        document = staged({"shop": "s", **content}, ["shop"], 2)
        transport.documents(CONTAINER)[document.partition_key, content["id"]] = {"shop": "s", **content}
        transport.times[document.partition_key, content["id"]] = written_at
    transport.now = lambda: ACCEPTED
    return transport


SAME = {"id": "a", "n": 1, "deep": {"list": [1.5, None, True, "x"]}}


@pytest.mark.parametrize("written_at", [ACCEPTED, ACCEPTED + 0.5, ACCEPTED + 1e6])
def test_what_the_run_has_created_is_created(written_at: float) -> None:
    """A document that exists with the same content, written since the run was accepted, counts as created."""
    progress = write(database(written_at, SAME), creations(SAME))
    assert (progress.totals.documents, progress.totals.replaced, progress.refused) == (1, 0, [])


def test_what_was_there_before_the_run_is_refused() -> None:
    """A document that was written before the run was accepted is refused, even if its content is the same."""
    progress = write(database(ACCEPTED - 1, SAME), creations(SAME, {"id": "b"}))
    assert [(document.id, result.status) for document, result in progress.refused] == [("a", 409)]
    assert (progress.acknowledged, progress.totals.documents) == (2, 1)


@pytest.mark.parametrize(
    "other",
    [
        {**SAME, "n": 2},
        {**SAME, "n": True},
        {**SAME, "n": "1"},
        {**SAME, "more": None},
        {"id": "a", "n": 1},
        {**SAME, "deep": {"list": [1.5, None, True]}},
        {**SAME, "deep": {"list": [1.5, None, 1, "x"]}},
        {**SAME, "deep": ["list"]},
    ],
)
def test_what_another_has_written_is_refused(other: dict[str, Any]) -> None:
    """A document with another content is refused, and stays as it is."""
    transport = database(ACCEPTED, other)
    assert len(write(transport, creations(SAME)).refused) == 1
    assert list(transport.documents(CONTAINER).values()) == [{"shop": "s", **other}]


def test_numbers_are_compared_as_the_database_keeps_them() -> None:
    """Whole numbers beyond 2**53 and those with a point equal the doubles that the database returns."""
    kept = {"id": "a", "n": 5, "large": float(2**53 + 1)}
    assert write(database(ACCEPTED, kept), creations({"id": "a", "n": 5.0, "large": 2**53 + 1})).refused == []


@pytest.mark.parametrize("fault", [lose(applied=True), Fault(503, applied=True), Fault(408, applied=True)])
def test_a_lost_answer_refuses_nothing(fault: Fault) -> None:
    """Documents whose creation is applied and whose answer is lost count as created when they are sent again."""
    transport = database(0)
    transport.meet([fault])
    progress = write(transport, creations(*({"id": f"d{n}"} for n in range(30))))
    assert (progress.totals.documents, progress.refused, len(transport.documents(CONTAINER))) == (30, [], 30)


@pytest.mark.parametrize("fault", [lose(applied=False), Fault(503), Fault(449), throttle(0.1)])
def test_a_document_that_cannot_be_read_now_is_sent_again(fault: Fault) -> None:
    """A reading that fails decides nothing: the document is created again and read again."""
    transport = database(ACCEPTED, SAME)
    transport.meet([None, fault])
    assert write(transport, creations(SAME)).totals.documents == 1


def test_a_document_that_is_deleted_meanwhile_is_created() -> None:
    """A document that exists when it is created and not when it is read is created again."""

    class Deleting(FakeTransport):
        async def send(self, container: str, target: Any, documents: Sequence[StagedDocument]) -> Any:
            if documents[0].operation == "Read":
                self.documents(container).clear()
            return await super().send(container, target, documents)

    transport = Deleting()
    (document,) = creations(SAME)
    transport.documents(CONTAINER)[document.partition_key, "a"] = orjson.loads(document.body)
    transport.times[document.partition_key, "a"] = 0
    progress = write(transport, [document])
    assert (progress.totals.documents, progress.refused, len(transport.documents(CONTAINER))) == (1, [], 1)


def test_documents_that_are_too_large_together_are_read_one_by_one() -> None:
    """When an answer cannot hold all documents, each is read in a request of its own."""

    class Narrow(FakeTransport):
        async def send(self, container: str, target: Any, documents: Sequence[StagedDocument]) -> Any:
            if documents[0].operation == "Read" and len(documents) > 1:
                self.script.append(Fault(413, 3402))
            return await super().send(container, target, documents)

    transport = Narrow(now=lambda: ACCEPTED)
    documents = creations(*({"id": f"d{n}"} for n in range(5)))
    transport.meet([lose(applied=True)])
    assert write(transport, documents).refused == []


def test_reading_costs_request_units() -> None:
    """The request units of a reading are counted, and so is its request."""
    progress = write(database(ACCEPTED, SAME), creations(SAME))
    assert (progress.totals.ru, progress.totals.sends) == (1.0, 2)
    assert write(database(0), creations(SAME)).totals.ru == CHARGE
