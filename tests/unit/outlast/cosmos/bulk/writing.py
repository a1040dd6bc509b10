"""What the tests of the writer share: documents to write, and a writer over fakes."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from outlast.cosmos.bulk.limits import Limits
from outlast.cosmos.bulk.rate_controller import MAX_OPERATIONS, RateControllers
from outlast.cosmos.bulk.staged_document import StagedDocument
from outlast.cosmos.bulk.token_bucket import TokenBucket
from outlast.cosmos.bulk.transport import Transport
from outlast.cosmos.bulk.write_progress import NumberRanges, WriteProgress
from outlast.cosmos.bulk.writer import Writer
from outlast.cosmos.document import staged
from outlast.deadline import Deadline
from tests.fakes.clock import ManualClock
from tests.fakes.transport import FakeTransport

CONTAINER = "sales"


def make_documents(*shops: int, text: str = "") -> list[StagedDocument]:
    """Return that many documents for each shop, one a row, in the order of the hash space."""
    contents = [
        {"id": f"{shop}-{n}", "shop": f"s{shop}", "text": text}
        for shop, count in enumerate(shops)
        for n in range(count)
    ]
    documents = [staged(content, ["shop"], row) for row, content in enumerate(contents, 2)]
    return sorted(documents, key=lambda document: (document.effective_partition_key, document.row))


async def let_pass() -> None:
    """A check that lets every request pass."""


def open_writer(transport: Transport, clock: ManualClock, controllers: RateControllers) -> Writer:
    """Return a writer whose waits pass at once and have no jitter."""
    return Writer(transport=transport, clock=clock, sleep=clock.sleep, jitter=lambda: 0.5, controllers=controllers)


@dataclass(slots=True)
class Bench:
    """A writer over a fake database and a manual clock."""

    clock: ManualClock = field(default_factory=ManualClock)
    transport: FakeTransport = field(default_factory=FakeTransport)

    def write(
        self,
        documents: Sequence[StagedDocument],
        seconds: float = 1000.0,
        check: Callable[[], Awaitable[None]] = let_pass,
        ahead: NumberRanges = (),
        bucket: TokenBucket | None = None,
    ) -> WriteProgress:
        """Write with a deadline in `seconds`."""
        deadline = Deadline(self.clock() + seconds, self.clock)
        writer = open_writer(self.transport, self.clock, RateControllers(self.clock, MAX_OPERATIONS))
        return asyncio.run(writer.write(CONTAINER, documents, Limits(deadline, check, bucket), ahead))

    def ids(self) -> set[str]:
        """Return the ids of the documents in the database."""
        return {key for _, key in self.transport.documents(CONTAINER)}


def ids_of(documents: Sequence[StagedDocument]) -> list[str]:
    return [document.parsed()["id"] for document in documents]
