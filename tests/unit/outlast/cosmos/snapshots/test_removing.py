import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from outlast.cosmos.bulk.limits import Limits
from outlast.cosmos.bulk.rate_controller import RateControllers
from outlast.cosmos.snapshots.header import Removed
from outlast.cosmos.snapshots.removing import GenerationRemover, Removing
from outlast.deadline import SLOT_SECONDS, Deadline
from outlast.report import Report
from tests.fakes.clock import ManualClock
from tests.fakes.reports import WITH_SNAPSHOT
from tests.fakes.snapshots import FakeSnapshots
from tests.fakes.transport import FakeTransport
from tests.unit.outlast.cosmos.bulk.writing import open_writer

STOCK = WITH_SNAPSHOT["stock"]


@dataclass(slots=True)
class Scripted(FakeSnapshots):
    """Snapshots whose `remove` does what a test says."""

    look: Callable[[Limits], Removed] = field(default=lambda limits: Removed(0, 0))

    async def remove(self, report: Report[Any], run: str, limits: Limits) -> Removed:
        return self.look(limits)


def remove(look: Callable[[Limits], Removed], ru_share: float | None = None) -> tuple[Removing, float]:
    """Return what one call did and how long it took."""
    clock, transport = ManualClock(), FakeTransport()
    writer = open_writer(transport, clock, RateControllers(clock))

    def timed(limits: Limits) -> Removed:
        clock.advance(0.5)
        return look(limits)

    remover = GenerationRemover(snapshots=Scripted(transport, look=timed), writer=writer)
    before = clock()
    return asyncio.run(remover.remove(STOCK, "r1", ru_share, Deadline(clock() + 72, clock))), clock() - before


def test_a_removal_ends_after_20_seconds() -> None:
    """A call gives its slot back although more is left, and says how many documents it deleted."""
    removing, seconds = remove(lambda _: Removed(10, 10))
    assert seconds == SLOT_SECONDS
    assert removing == Removing(10 * 40, done=False)


def test_a_removal_is_done_when_a_look_finds_nothing() -> None:
    """The last look of a removal finds no document."""
    looks = iter([Removed(10, 10), Removed(3, 3), Removed(0, 0)])
    assert remove(lambda _: next(looks))[0] == Removing(13, done=True)


def test_a_removal_that_can_only_wait_ends() -> None:
    """A call whose share is used up says how long to wait."""
    assert remove(lambda _: Removed(10, 2, wait=30.0))[0] == Removing(2, done=False, wait=30.0)


def test_a_removal_has_the_share_of_its_run() -> None:
    """The request units of the deletes are limited as those of the writes were."""
    rates: list[float | None] = []

    def note(limits: Limits) -> Removed:
        rates.append(limits.bucket.rate if limits.bucket else None)
        return Removed(0, 0)

    for ru_share in (None, 50.0, 0.1):
        remove(note, ru_share)
    assert rates == [None, 50.0, 100.0]
