"""What the tests of the writer share: lines to write, and a writer over fakes."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from outlast.cosmos.bulk.rate_controller import MAX_OPERATIONS, RateControllers
from outlast.cosmos.bulk.staged_document import StagedDocument
from outlast.cosmos.bulk.token_bucket import TokenBucket
from outlast.cosmos.bulk.write_progress import Ranges, WriteProgress
from outlast.cosmos.bulk.writer import Writer
from outlast.cosmos.document import staged
from outlast.deadline import Deadline
from tests.fakes.clock import ManualClock
from tests.fakes.transport import FakeTransport

CONTAINER = "sales"


def make_lines(*shops: int, text: str = "") -> list[StagedDocument]:
    """That many documents for each shop, in the order of the hash space as they are staged; a row each."""
    documents = [
        {"id": f"{shop}-{n}", "shop": f"s{shop}", "text": text}
        for shop, count in enumerate(shops)
        for n in range(count)
    ]
    lines = [staged(document, ["shop"], row) for row, document in enumerate(documents, 2)]
    return sorted(lines, key=lambda line: (line.effective_partition_key, line.row))


async def let_pass() -> None:
    """A fence that lets everybody through."""


@dataclass(slots=True)
class Bench:
    """A writer with its world."""

    clock: ManualClock = field(default_factory=ManualClock)
    transport: FakeTransport = field(default_factory=FakeTransport)

    def write(
        self,
        lines: Sequence[StagedDocument],
        seconds: float = 1000.0,
        check: Callable[[], Awaitable[None]] = let_pass,
        ahead: Ranges = (),
        bucket: TokenBucket | None = None,
    ) -> WriteProgress:
        """Write within that time."""
        writer = Writer(
            self.transport, self.clock, self.clock.sleep, lambda: 0.5, RateControllers(self.clock, MAX_OPERATIONS)
        )
        deadline = Deadline(self.clock() + seconds, self.clock)
        return asyncio.run(writer.write(CONTAINER, lines, deadline, check, ahead, bucket))

    def ids(self) -> set[str]:
        """The documents in the database."""
        return {key for _, key in self.transport.documents(CONTAINER)}


def ids_of(lines: Sequence[StagedDocument]) -> list[str]:
    return [line.parsed()["id"] for line in lines]
