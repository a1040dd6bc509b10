"""A story of the writer over the emulator's core. A seed decides lanes, deadlines, faults and splits."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import orjson

from local.cosmos.throughput import Throughput
from outlast.cosmos.bulk.limits import Limits
from outlast.cosmos.bulk.rate_controller import RateControllers
from outlast.cosmos.bulk.shared_rate_controller import shared_controllers
from outlast.cosmos.bulk.staged_document import StagedDocument
from outlast.cosmos.bulk.write_progress import NumberRanges
from outlast.cosmos.bulk.writer import Writer
from outlast.cosmos.document import staged
from outlast.deadline import Deadline
from outlast.errors import Transient
from tests.simulation.in_process import InProcess
from tests.simulation.virtual_time import run_virtually

CONTAINER = "sales"
LIMIT = 3600.0
"""Seconds of virtual time after which a story counts as endless."""
FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "bulk", "status": 408},
    {"kind": "bulk", "status": 408, "when": "after"},
    {"kind": "bulk", "status": 410, "substatus": 1002},
    {"kind": "bulk", "status": 410, "substatus": 1007},
    {"kind": "bulk", "status": 410, "substatus": 1008},
    {"kind": "bulk", "status": 429, "substatus": 3200, "retry_after_ms": 700},
    {"kind": "bulk", "status": 449},
    {"kind": "bulk", "status": 500, "when": "after"},
    {"kind": "bulk", "status": 503},
    {"kind": "bulk", "status": 503, "when": "after"},
    {"kind": "bulk", "status": 403, "substatus": 3},
    {"kind": "bulk", "reset": True},
    {"kind": "bulk", "reset": True, "when": "after"},
    {"kind": "bulk", "latency_ms": 3000},
    {"kind": "upsert", "status": 408, "when": "after"},
    {"kind": "upsert", "status": 429, "substatus": 3200, "retry_after_ms": 40},
    {"kind": "upsert", "status": 449},
    {"kind": "upsert", "status": 503},
    {"kind": "pkranges", "status": 503},
    {"kind": "pkranges", "reset": True},
)


@dataclass(slots=True)
class Story:
    """What a story wrote and what it should have written."""

    seed: int
    trace: list[Any] = field(default_factory=list)
    fired: Counter[int] = field(default_factory=Counter)
    expected: set[str] = field(default_factory=set)
    bad: set[str] = field(default_factory=set)
    stored: set[str] = field(default_factory=set)
    refused: Counter[str] = field(default_factory=Counter)
    documents: int = 0
    seconds: float = 0.0

    def check(self) -> None:
        """Assert that every good row is stored, every bad row is refused once, and each is counted once."""
        assert self.stored == self.expected, self
        assert self.refused == Counter(self.bad), self
        assert self.documents == len(self.expected), self


def tell(seed: int) -> Story:
    """Run the story of a seed."""
    with TemporaryDirectory() as folder:
        return run_virtually(_Teller(seed, Path(folder)).tell())


@dataclass(slots=True)
class _Teller:
    seed: int
    folder: Path
    random: Random = field(init=False)
    story: Story = field(init=False)

    def __post_init__(self) -> None:
        self.random, self.story = Random(self.seed), Story(self.seed)

    async def tell(self) -> Story:
        random, loop = self.random, asyncio.get_running_loop()
        transport = InProcess(random, random.choice((0.001, 0.01, 0.1)))
        version = random.choice((1, 2, 2, 2))
        transport.create_container(CONTAINER, random.choice((400, 1000, 4000, 20_000)), random.randrange(4), version)
        rules = self._break(transport)
        writers = self._writers(transport)
        lanes = [self._chunk(number) for number in range(random.randint(1, 3))]
        disturbing = asyncio.create_task(self._disturb(transport))
        async with asyncio.timeout(LIMIT):
            await asyncio.gather(*(self._lane(random.choice(writers), documents) for documents in lanes))
        disturbing.cancel()
        self.story.seconds = loop.time()
        self._look(transport, rules)
        return self.story

    def _writers(self, transport: InProcess) -> list[Writer]:
        """Return one writer, or those of two processes, which share their pace in every second story."""
        count, clock = self.random.choice((1, 1, 2)), asyncio.get_running_loop().time
        if count == 1 or self.seed % 2:
            return [open_writer(transport, self.random) for _ in range(count)]
        kept = [shared_controllers(clock, self.folder, (str(self.seed),), count) for _ in range(count)]
        return [replace(open_writer(transport, self.random), controllers=controllers) for controllers in kept]

    def _break(self, transport: InProcess) -> dict[int, int]:
        """Add some faults; return the index in FAULTS of each by the id of its rule."""
        rules = {}
        for number in self.random.sample(range(len(FAULTS)), self.random.randint(0, 4)):
            rule = {
                "nth": self.random.randint(1, 5),
                "times": self.random.randint(1, 4),
                "probability": self.random.choice((0.3, 1.0)),
                "seed": self.seed,
            }
            rules[transport.emulator.faults.add({**FAULTS[number], **rule}).id] = number
        return rules

    def _chunk(self, number: int) -> list[StagedDocument]:
        """Return documents in the order of the hash space, some of which the database refuses."""
        shops = self.random.choice((1, 7, 1000))
        text = "x" * self.random.choice((10, 300, 20_000))
        documents = []
        for row in range(self.random.randint(1, 120)):
            key = f"{number}-{row}"
            document = staged({"id": key, "shop": f"s{self.random.randrange(shops)}", "text": text}, ["shop"], row + 2)
            if self.random.random() < 0.03:
                document = document._replace(body=orjson.dumps({"id": key, "shop": "elsewhere"}))
                self.story.bad.add(key)
            else:
                self.story.expected.add(key)
            documents.append(document)
        return sorted(documents, key=lambda document: (document.effective_partition_key, document.row))

    async def _lane(self, writer: Writer, documents: Sequence[StagedDocument]) -> None:
        """Make calls one after another, each from where the one before stopped."""
        seconds = self.random.choice((0.5, 3.0, 1000.0))
        ahead: NumberRanges = ()
        while documents:
            try:
                deadline = Deadline(writer.clock() + seconds, writer.clock, 2.0)
                progress = await writer.write(CONTAINER, documents, Limits(deadline, let_pass), ahead)
            except Transient:
                await asyncio.sleep(5)
                continue
            documents, ahead = documents[progress.acknowledged :], progress.next_ahead()
            await asyncio.sleep(progress.wait)
            self.story.documents += progress.totals.documents
            self.story.refused.update(document.parsed()["id"] for document, _ in progress.refused)

    async def _disturb(self, transport: InProcess) -> None:
        """Split ranges and change the throughput at random times."""
        for _ in range(self.random.randint(0, 3)):
            await asyncio.sleep(self.random.random() * 3)
            if self.random.random() < 0.7:
                transport.split(CONTAINER)
            else:
                container = transport.emulator.account.container("d", CONTAINER)
                transport.emulator.set_throughput(container, Throughput(self.random.choice((400, 2000, 10_000))))

    def _look(self, transport: InProcess, rules: dict[int, int]) -> None:
        self.story.trace = list(transport.trace)
        self.story.fired = Counter(rules[each["rule"]] for each in transport.emulator.faults.fired)
        transport.emulator.faults.remove()
        container = transport.emulator.account.container("d", CONTAINER)
        for partition in container.partitions:
            for key in partition.groups:
                self.story.stored |= set(partition.groups[key])


async def let_pass() -> None:
    """Let every request pass."""


def open_writer(transport: InProcess, random: Random) -> Writer:
    """Return a writer in the time of the running loop."""
    clock = asyncio.get_running_loop().time
    controllers = RateControllers(clock)
    return Writer(transport=transport, clock=clock, sleep=asyncio.sleep, jitter=random.random, controllers=controllers)
