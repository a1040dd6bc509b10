"""Half an hour at a tenth of the rate that the rows need, in process and in virtual time."""

import asyncio
from dataclasses import dataclass
from random import Random

from bench.writing.lanes import LANES
from outlast.cosmos.bulk.limits import Limits
from outlast.cosmos.bulk.staged_document import StagedDocument
from outlast.cosmos.bulk.write_progress import NumberRanges
from outlast.cosmos.bulk.writer import Writer
from outlast.cosmos.document import staged
from outlast.deadline import Deadline
from tests.simulation.in_process import InProcess
from tests.simulation.virtual_time import run_virtually
from tests.simulation.writer_story import let_pass, open_writer

CALL_SECONDS = 72.0
"""Seconds of one call of the activity: 60 % of the functionTimeout in host.json."""
THROUGHPUT, SPLITS = 800, 3
WINDOW = 4096


@dataclass(slots=True)
class Tenth:
    sends_per_operation: float
    failures: int


def at_a_tenth(seconds: float) -> Tenth:
    return run_virtually(_write(seconds))


async def _write(seconds: float) -> Tenth:
    random = Random(1)
    transport = InProcess(random)
    transport.create_container("c", THROUGHPUT, SPLITS)
    writer = open_writer(transport, random)
    results = [await done for done in [asyncio.create_task(_lane(writer, lane, seconds)) for lane in range(LANES)]]
    operations = sum(sent for _, _, sent, _ in transport.trace)
    return Tenth(
        operations / sum(acknowledged for acknowledged, _ in results), sum(failures for _, failures in results)
    )


async def _lane(writer: Writer, lane: int, seconds: float) -> tuple[int, int]:
    """Make calls one after another, each from where the one before stopped."""
    acknowledged, failures, documents, first = 0, 0, list[StagedDocument](), 0
    ahead: NumberRanges = ()
    while writer.clock() < seconds:
        deadline = Deadline(writer.clock() + CALL_SECONDS, writer.clock)
        while not deadline.passed():
            documents = documents or _window(lane, first)
            try:
                progress = await writer.write("c", documents, Limits(deadline, let_pass), ahead)
            except Exception:  # noqa: BLE001  # counted: none may surface
                failures += 1
                break
            acknowledged += progress.totals.documents
            first += progress.acknowledged
            documents, ahead = documents[progress.acknowledged :], progress.next_ahead()
    return acknowledged, failures


def _window(lane: int, first: int) -> list[StagedDocument]:
    rows = range(first, first + WINDOW)
    documents = [staged({"id": f"{lane}-{n}", "shop": f"s{lane}-{n}"}, ["shop"], n) for n in rows]
    return sorted(documents, key=lambda document: document.effective_partition_key)
