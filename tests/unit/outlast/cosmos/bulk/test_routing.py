import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from outlast.cosmos.bulk.back_off import ATTEMPTS, BackOff
from outlast.cosmos.bulk.limits import Stop
from outlast.cosmos.bulk.rate_controller import RateController
from outlast.cosmos.bulk.routing import RouteFinder, Router
from outlast.cosmos.bulk.staged_document import StagedDocument
from outlast.cosmos.bulk.transport import CONNECTION_LOST, Result, Route, Target
from outlast.deadline import Deadline
from outlast.errors import Permanent, Transient
from tests.fakes.clock import ManualClock
from tests.fakes.transport import FakeTransport
from tests.unit.outlast.cosmos.bulk.writing import CONTAINER, make_documents


class Halves:
    """A route that sends even rows to one partition and odd rows to another."""

    def targets(self, documents: Sequence[StagedDocument]) -> list[Target]:
        return [Target(f"{document.row % 2}", f"{document.row % 2}") for document in documents]


class One:
    """A route that sends every document to one partition."""

    def targets(self, documents: Sequence[StagedDocument]) -> list[Target]:
        return [Target("all", "all")] * len(documents)


@dataclass(slots=True)
class Routes(FakeTransport):
    """`answers`: what the next look-ups return, one each."""

    answers: list[Route | Result] = field(default_factory=list)
    stale: list[Route | None] = field(default_factory=list)

    async def route(self, container: str, stale: Route | None = None) -> Route | Result:
        self.stale.append(stale)
        return self.answers.pop(0)


def open_router(transport: Routes, documents: Sequence[StagedDocument], seconds: float = 1000.0) -> Router:
    clock = ManualClock()
    deadline = Deadline(clock() + seconds, clock)
    stop = Stop(deadline)
    back_off = BackOff(container=CONTAINER, deadline=deadline, sleep=clock.sleep, jitter=lambda: 0.5)
    finder = RouteFinder(container=CONTAINER, transport=transport, back_off=back_off, stop=stop)
    return Router(
        documents=documents,
        pending=range(len(documents)),
        finder=finder,
        controller_for=lambda partition: RateController(clock),
    )


def waiting(router: Router) -> dict[str, list[int]]:
    """Return the numbers that wait in each queue that is not empty."""
    return {
        partition: [number for numbers in queue.waiting.values() for number in numbers]
        for partition, queue in router.queues.items()
        if queue.waiting
    }


def test_every_pending_document_waits_in_the_queue_of_its_partition() -> None:
    """The first distribution queues all pending documents in their order."""
    router = open_router(Routes(answers=[Halves()]), make_documents(1, 1, 1, 1))
    asyncio.run(router.distribute())
    assert sorted(number for numbers in waiting(router).values() for number in numbers) == [0, 1, 2, 3]
    assert all(numbers == sorted(numbers) for numbers in waiting(router).values())


def test_a_stale_route_moves_only_what_still_waits() -> None:
    """A document that was taken from its queue is not queued a second time."""
    halves, transport = Halves(), Routes(answers=[Halves(), One()])
    router = open_router(transport, make_documents(6))
    asyncio.run(router.distribute())
    _, taken = router.queues["0"].take(1)
    asyncio.run(router.distribute(halves))
    assert waiting(router) == {"all": sorted({0, 1, 2, 3, 4, 5} - set(taken))}
    assert transport.stale == [None, halves]


def test_a_lost_answer_is_asked_for_again() -> None:
    """The route is found after answers that were lost."""
    router = open_router(Routes(answers=[Result(CONNECTION_LOST), Result(503), One()]), make_documents(1))
    asyncio.run(router.distribute())
    assert waiting(router) == {"all": [0]}


def test_a_route_that_is_never_found_is_transient() -> None:
    """As many lost answers as a write allows fail the call, to be retried later."""
    router = open_router(Routes(answers=[Result(503)] * ATTEMPTS), make_documents(1))
    with pytest.raises(Transient, match=f"answered 503 {ATTEMPTS} times for {CONTAINER}"):
        asyncio.run(router.distribute())


def test_a_missing_container_is_permanent() -> None:
    """A route to a container that does not exist is not asked for again."""
    router = open_router(Routes(answers=[Result(404, 1003)]), make_documents(1))
    with pytest.raises(Permanent, match=f"container {CONTAINER} does not exist"):
        asyncio.run(router.distribute())


def test_nothing_is_queued_behind_the_deadline() -> None:
    """A call whose deadline has passed does not ask for the route."""
    transport = Routes(answers=[One()])
    router = open_router(transport, make_documents(1), seconds=0)
    asyncio.run(router.distribute())
    assert (waiting(router), transport.stale) == ({}, [])
