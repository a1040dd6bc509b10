"""Our writer as the app uses it: several lanes, each writing window after window.

`python -m bench.writing.lanes` runs it in a process of its own and prints the results as JSON.
"""

import argparse
import asyncio
import json
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count

from bench.scaling.processes import peak_mb
from outlast.cosmos.bulk.bulk_transport import BulkTransport
from outlast.cosmos.bulk.limits import Limits
from outlast.cosmos.bulk.rate_controller import RateControllers
from outlast.cosmos.bulk.staged_document import StagedDocument
from outlast.cosmos.bulk.transport import Result, Target, Transport
from outlast.cosmos.bulk.writer import Writer
from outlast.cosmos.client import Cosmos
from outlast.cosmos.partition_key import effective_partition_key
from outlast.deadline import Deadline

LANES = 8
WINDOW = 4096
"""Documents of a window: 4 MiB of rows of 1 KB."""
FILLER = b"x" * 960
DATABASE, CONTAINER = "d", "c"


@dataclass(slots=True)
class Counting:
    """Counts the answers of a transport. An answer is (instant, operations written, operations throttled)."""

    inner: Transport
    answers: list[tuple[float, int, int]] = field(default_factory=list)
    ended: dict[str, float] = field(default_factory=dict)
    charges: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.route = self.inner.route
        self.throughput = self.inner.throughput

    route: Callable[..., object] = field(init=False)
    throughput: Callable[..., object] = field(init=False)

    async def send(self, container: str, target: Target, documents: Sequence[StagedDocument]) -> list[Result]:
        results = await self.inner.send(container, target, documents)
        now, written = time.time(), sum(result.status < 300 for result in results)
        self.answers.append((now, written, sum(result.status == 429 for result in results)))
        self.ended[target.batch] = now
        self.charges[target.batch] = self.charges.get(target.batch, 0.0) + sum(result.charge for result in results)
        return results

    def written(self, since: float = 0.0) -> int:
        return sum(written for at, written, _ in self.answers if at >= since)

    def throttled_share(self, since: float) -> float:
        """Return the throttled fraction of the operations sent."""
        throttled = sum(throttled for at, _, throttled in self.answers if at >= since)
        return throttled / max(1, throttled + self.written(since))


def make_document(number: int, key: int, name: str = "r") -> StagedDocument:
    """Return a row of 1 KB."""
    partition = effective_partition_key(f"k{key}").encode()
    document = b'{"id":"%b-%d","pk":"k%d","text":"%b"}' % (name.encode(), number, key, FILLER)
    return StagedDocument(number, b'"k%d"' % key, partition, document)


def make_window(first: int, rows: int = WINDOW, rows_per_key: int = 1, name: str = "r") -> list[StagedDocument]:
    documents = [make_document(number, number // rows_per_key, name) for number in range(first, first + rows)]
    return sorted(documents, key=lambda document: document.effective_partition_key)


def fresh_windows(name: str, rows: int | None = None, size: int = WINDOW) -> Iterator[list[StagedDocument]]:
    """Yield windows of new rows: `rows` in all, or without end."""
    for first in count(0, size):
        if rows is not None and first >= rows:
            return
        yield make_window(first, size, name=name)


@dataclass(slots=True)
class Lanes:
    """`failures` are the errors that surfaced; `acknowledged` counts rows."""

    url: str
    key: str
    counting: Counting = field(init=False)
    acknowledged: int = 0
    refused: int = 0
    failures: list[str] = field(default_factory=list)

    async def run(self, windows: Iterator[Sequence[StagedDocument]], seconds: float, lanes: int = LANES) -> None:
        """Write until the windows or the seconds are used up."""
        cosmos = Cosmos(self.url, self.key, DATABASE)
        self.counting = Counting(BulkTransport(cosmos))
        transport: Transport = self.counting  # type: ignore[assignment]  # its route is the inner one's
        clock = time.monotonic
        controllers = RateControllers(clock)
        writer = Writer(
            transport=transport, clock=clock, sleep=asyncio.sleep, jitter=random.random, controllers=controllers
        )
        deadline = Deadline(clock() + seconds, clock)
        await asyncio.gather(*(self._lane(writer, windows, deadline) for _ in range(lanes)))
        await cosmos.close()

    async def _lane(self, writer: Writer, windows: Iterator[Sequence[StagedDocument]], deadline: Deadline) -> None:
        while not deadline.passed() and (documents := next(windows, None)) is not None:
            try:
                progress = await writer.write(CONTAINER, documents, Limits(deadline, _let_pass))
            except Exception as error:  # noqa: BLE001  # counted: none may surface
                self.failures.append(repr(error))
                return
            self.acknowledged += progress.acknowledged
            self.refused += len(progress.refused)


async def _let_pass() -> None:
    pass


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--name", default="r")
    parser.add_argument("--seconds", type=float, default=3600)
    parser.add_argument("--rows", type=int)
    parser.add_argument("--window", type=int, default=WINDOW)
    return parser.parse_args()


def main() -> None:
    options = read_options()
    lanes = Lanes(options.url, options.key)
    asyncio.run(lanes.run(fresh_windows(options.name, options.rows, options.window), options.seconds))
    by_second: dict[int, int] = {}
    for at, written, _ in lanes.counting.answers:
        by_second[int(at)] = by_second.get(int(at), 0) + written
    results = {
        "acknowledged": lanes.acknowledged,
        "failures": lanes.failures,
        "by_second": by_second,
        "peak_mb": peak_mb(),
    }
    sys.stdout.write(json.dumps(results))


if __name__ == "__main__":
    main()
