import asyncio
from collections import Counter
from collections.abc import Sequence
from random import Random

import pytest

from outlast.cosmos.bulk.rate_controller import RateControllers
from outlast.cosmos.bulk.staged_document import StagedDocument
from outlast.cosmos.bulk.transport import CONNECTION_LOST, Result, Target
from outlast.cosmos.bulk.writer import Writer
from outlast.cosmos.document import staged
from outlast.deadline import Deadline
from tests.simulation.in_process import DATABASE, InProcess
from tests.simulation.virtual_time import run_virtually
from tests.simulation.writer_story import CONTAINER, FAULTS, tell

SEEDS = 300


def test_every_story_ends_well() -> None:
    """Over lanes, deadlines, throttling, splits and every fault there is: each good row is in the database once, each
    bad one is reported once, and the writing ends."""
    fired = set[int]()
    for seed in range(SEEDS):
        story = tell(seed)
        story.check()
        fired |= set(story.fired)
    assert fired == set(range(len(FAULTS))), "these faults never fired, so nothing is known about them"


@pytest.mark.parametrize("seed", range(5))
def test_the_same_seed_tells_the_same_story(seed: int) -> None:
    """Whatever went wrong can be looked at again."""
    assert tell(seed).trace == tell(seed).trace


class Forgetful(InProcess):
    """Loses the first answer about each document, when it is written."""

    async def send(self, container: str, target: Target, lines: Sequence[StagedDocument]) -> list[Result]:
        results = await super().send(container, target, lines)
        known = self.__dict__.setdefault("answered", set())
        if all(line.row in known for line in lines):
            return results
        known.update(line.row for line in lines)
        return [Result(CONNECTION_LOST)] * len(lines)


async def _let_pass() -> None:
    pass


def test_a_share_is_never_exceeded() -> None:
    """Two lanes together stay within the share in every second of a run, but for the batch that began the second."""

    async def run() -> None:
        loop, random = asyncio.get_running_loop(), Random(1)
        transport = InProcess(random)
        transport.create_container(CONTAINER, 20_000)
        writer = Writer(transport, loop.time, asyncio.sleep, random.random, RateControllers(loop.time))

        async def lane(name: int) -> None:
            lines = [staged({"id": f"{name}-{row}", "shop": f"s{row % 90}"}, ["shop"], row) for row in range(1000)]
            bucket = await writer.token_bucket(CONTAINER, 0.05, lanes=2)
            await writer.write(CONTAINER, lines, Deadline(600, loop.time), _let_pass, bucket=bucket)

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
    """No document is there twice, none fails for it, and each is counted once."""

    async def run() -> None:
        loop, random = asyncio.get_running_loop(), Random(1)
        transport = Forgetful(random)
        transport.create_container(CONTAINER, 20_000, 2)
        lines = [staged({"id": str(row), "shop": f"s{row % 90}"}, ["shop"], row) for row in range(2000)]
        writer = Writer(transport, loop.time, asyncio.sleep, random.random, RateControllers(loop.time))
        written = await writer.write(CONTAINER, lines, Deadline(600, loop.time), _let_pass)
        assert (written.acknowledged, written.refused, written.totals.documents) == (2000, [], 2000)
        assert transport.count(CONTAINER) == 2000

    run_virtually(run())
