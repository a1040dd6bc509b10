import asyncio
from collections import Counter
from collections.abc import Sequence
from random import Random

import pytest

from outlast.cosmos.bulk.limits import Limits
from outlast.cosmos.bulk.staged_document import StagedDocument
from outlast.cosmos.bulk.transport import CONNECTION_LOST, Result, Target
from outlast.cosmos.document import staged
from outlast.deadline import Deadline
from tests.simulation.in_process import DATABASE, InProcess
from tests.simulation.virtual_time import run_virtually
from tests.simulation.writer_story import CONTAINER, FAULTS, let_pass, open_writer, tell

SEEDS = 300


def test_every_story_ends_well() -> None:
    """Every story of the writer, with lanes, deadlines, throttling, splits and every fault, stores each good row once,
    reports each bad one once, and ends."""
    fired = set[int]()
    for seed in range(SEEDS):
        story = tell(seed)
        story.check()
        fired |= set(story.fired)
    assert fired == set(range(len(FAULTS))), "these faults never fired, so nothing is known about them"


@pytest.mark.parametrize("seed", range(5))
def test_the_same_seed_tells_the_same_story(seed: int) -> None:
    """A repeated story of one seed has the same trace."""
    assert tell(seed).trace == tell(seed).trace


class Forgetful(InProcess):
    """Loses the first answer about each document after it is written."""

    async def send(self, container: str, target: Target, documents: Sequence[StagedDocument]) -> list[Result]:
        results = await super().send(container, target, documents)
        known = self.__dict__.setdefault("answered", set())
        if all(document.row in known for document in documents):
            return results
        known.update(document.row for document in documents)
        return [Result(CONNECTION_LOST)] * len(documents)


def test_a_ru_share_is_never_exceeded() -> None:
    """Two lanes of a run use in no second more than its `ru_share`, apart from the batch that began in that second."""

    async def run() -> None:
        loop, random = asyncio.get_running_loop(), Random(1)
        transport = InProcess(random)
        transport.create_container(CONTAINER, 20_000)
        writer = open_writer(transport, random)

        async def lane(name: int) -> None:
            documents = [staged({"id": f"{name}-{row}", "shop": f"s{row % 90}"}, ["shop"], row) for row in range(1000)]
            bucket = await writer.token_bucket(CONTAINER, 0.05, lanes=2)
            await writer.write(CONTAINER, documents, Limits(Deadline(600, loop.time), let_pass, bucket))

        await asyncio.gather(lane(0), lane(1))
        ranges = transport.emulator.account.container(DATABASE, CONTAINER).partitions
        seconds = Counter[int]()
        for each in ranges:
            seconds.update(dict(each.budget.history))
        assert sum(seconds.values()) > 10_000
        assert max(seconds.values()) <= 1000 * 1.4
        assert sum(seconds.values()) / loop.time() <= 1000 * 1.05

    run_virtually(run())


def test_every_answer_may_be_lost_once() -> None:
    """When the first answer about every document is lost, no document is stored twice or refused, and each is counted
    once."""

    async def run() -> None:
        loop, random = asyncio.get_running_loop(), Random(1)
        transport = Forgetful(random)
        transport.create_container(CONTAINER, 20_000, 2)
        documents = [staged({"id": str(row), "shop": f"s{row % 90}"}, ["shop"], row) for row in range(2000)]
        writer = open_writer(transport, random)
        progress = await writer.write(CONTAINER, documents, Limits(Deadline(600, loop.time), let_pass))
        assert (progress.acknowledged, progress.refused, progress.totals.documents) == (2000, [], 2000)
        assert transport.count(CONTAINER) == 2000

    run_virtually(run())
