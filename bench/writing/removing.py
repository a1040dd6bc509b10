"""How fast a generation is deleted, compared with how fast it was written."""

import asyncio
import random
import time
from typing import Any

from bench.writing.lanes import CONTAINER, DATABASE
from outlast.cosmos.bulk.bulk_transport import BulkTransport
from outlast.cosmos.bulk.limits import Limits
from outlast.cosmos.bulk.rate_controller import RateControllers
from outlast.cosmos.bulk.writer import Writer
from outlast.cosmos.client import Cosmos
from outlast.cosmos.document import staged
from outlast.cosmos.snapshots.header import as_generation
from outlast.cosmos.snapshots.removing import GenerationRemover
from outlast.cosmos.snapshots.store import CosmosSnapshots
from outlast.deadline import Deadline
from outlast.report import Report

TEXT = "x" * 900
RUN = "r1"


class Stock(Report[Any]):
    """The report whose generation is removed."""

    container, partition_key, mode = CONTAINER, "/pk", "snapshot"


def removal_speed(url: str, key: str, rows: int) -> float:
    """Write that many documents, each with a partition key of its own, and delete them.

    Returns the speed of the removal, finding included, as a fraction of that of the writing.
    """
    return asyncio.run(_measure(url, key, rows))


async def _measure(url: str, key: str, rows: int) -> float:
    cosmos, clock = Cosmos(url, key, DATABASE), time.monotonic
    made: dict[str, Any] = {"clock": clock, "sleep": asyncio.sleep, "jitter": random.random}
    writer = Writer(transport=BulkTransport(cosmos), controllers=RateControllers(clock), **made)
    contents = (as_generation({"id": str(row), "pk": f"k{row}", "text": TEXT}, RUN) for row in range(rows))
    documents = sorted((staged(one, ["pk"], 0) for one in contents), key=lambda one: one.effective_partition_key)
    began = clock()
    await writer.write(CONTAINER, documents, Limits(Deadline(began + 600, clock), _let_pass))
    written = clock()
    remover = GenerationRemover(snapshots=CosmosSnapshots(cosmos, writer), writer=writer)
    while not (await remover.remove(Stock(), RUN, None, Deadline(clock() + 600, clock))).done:
        pass
    ended = clock()
    await cosmos.close()
    return (written - began) / (ended - written)


async def _let_pass() -> None:
    """A check that lets every request pass."""
