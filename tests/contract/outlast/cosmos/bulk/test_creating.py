"""A writer that creates: its own documents of a lost request are told from those that were there before."""

import asyncio
import random
import time
import uuid
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from local.cosmos.control import Control
from local.cosmos.process import CosmosProcess
from outlast.cosmos.bulk.bulk_transport import BulkTransport
from outlast.cosmos.bulk.limits import Limits
from outlast.cosmos.bulk.rate_controller import RateControllers
from outlast.cosmos.bulk.sdk_transport import SdkTransport
from outlast.cosmos.bulk.transport import Transport
from outlast.cosmos.bulk.write_progress import WriteProgress
from outlast.cosmos.bulk.writer import Writer
from outlast.cosmos.client import Cosmos
from outlast.deadline import Deadline
from tests.contract.outlast.backends import DATABASE
from tests.contract.outlast.cosmos.bulk.sending import new_shop, stage

DOCUMENTS = 60


@pytest.fixture(params=[SdkTransport, BulkTransport])
def open_transport(request: pytest.FixtureRequest) -> Callable[[Cosmos], Transport]:
    chosen: Callable[[Cosmos], Transport] = request.param
    return chosen


async def let_pass() -> None:
    """A check that lets every request pass."""


async def sleep_shortly(seconds: float) -> None:
    await asyncio.sleep(min(seconds, 0.02))


def write(
    emulator: CosmosProcess,
    open_transport: Callable[[Cosmos], Transport],
    calls: Sequence[tuple[str, Sequence[dict[str, Any]], float]],
) -> list[WriteProgress]:
    """Write each list of documents in its mode as a run that was accepted at that time."""

    async def run() -> list[WriteProgress]:
        cosmos, clock = Cosmos(emulator.url, emulator.key, DATABASE), time.monotonic
        writer = Writer(
            transport=open_transport(cosmos),
            clock=clock,
            sleep=sleep_shortly,
            jitter=random.random,
            controllers=RateControllers(clock),
        )
        limits = Limits(Deadline(clock() + 60, clock), let_pass)
        progress = [
            await writer.write("sales", stage(mode, *contents), limits, since=since) for mode, contents, since in calls
        ]
        await cosmos.close()
        return progress

    try:
        return asyncio.run(run())
    finally:
        Control(emulator.url).remove_faults()


def make(count: int = DOCUMENTS) -> list[dict[str, Any]]:
    shops = [new_shop() for _ in range(7)]
    return [{"id": uuid.uuid4().hex, "shop": shops[n % 7], "n": [n / 2, n, {"a": None}]} for n in range(count)]


@pytest.mark.parametrize("fault", [{"reset": True}, {"status": 503}, {"status": 408}])
def test_a_creation_whose_answer_was_lost_is_created(
    emulator: CosmosProcess, open_transport: Callable[[Cosmos], Transport], fault: dict[str, Any]
) -> None:
    """No document is refused because an earlier request of the run has created it, also one that the SDK repeats."""
    for kind in ("bulk", "batch"):
        Control(emulator.url).add_fault(kind=kind, when="after", times=2, **fault)
    (progress,) = write(emulator, open_transport, [("create", make(), time.time())])
    assert (progress.acknowledged, progress.refused, progress.totals.documents) == (DOCUMENTS, [], DOCUMENTS)


def test_what_was_there_before_is_refused(
    emulator: CosmosProcess, open_transport: Callable[[Cosmos], Transport]
) -> None:
    """A document that was written before the run, or that has other content, is refused, and its neighbours are
    created."""
    same, other, new = make(), make(), make()
    different = [{**content, "n": "other"} for content in other]
    first, second, third = write(
        emulator,
        open_transport,
        [("upsert", same + other, 0.0), ("create", same + new, time.time() + 60), ("create", different, 0.0)],
    )
    assert first.totals.documents == 2 * DOCUMENTS
    assert {document.id for document, result in second.refused if result.status == 409} == {one["id"] for one in same}
    assert (second.acknowledged, second.totals.documents) == (2 * DOCUMENTS, DOCUMENTS)
    assert len(third.refused) == DOCUMENTS
