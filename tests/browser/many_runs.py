"""Thousands of runs in the container of the records, written as the app writes documents."""

import asyncio
import random
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

from local.cosmos import EMULATOR_KEY
from local.stack.settings import APP, sample_values
from outlast.cosmos.bulk.bulk_transport import BulkTransport
from outlast.cosmos.bulk.limits import Limits
from outlast.cosmos.bulk.rate_controller import MAX_OPERATIONS, RateControllers
from outlast.cosmos.bulk.staged_document import StagedDocument
from outlast.cosmos.bulk.writer import Writer
from outlast.cosmos.client import Cosmos
from outlast.cosmos.document import staged
from outlast.deadline import Deadline
from outlast.models import RUNS_CONTAINER
from tests.e2e.stack import Stack
from tests.fakes.records import make_record

OLD = datetime(2026, 1, 1, tzinfo=UTC)
SECONDS = 60


def add_runs(stack: Stack, count: int) -> None:
    """Add completed runs, one a minute until the beginning of 2026, so that every other run is newer."""
    documents = [_record(number) for number in range(count)]
    with ThreadPoolExecutor(1) as other:  # Playwright runs a loop in this thread
        other.submit(asyncio.run, _write(stack, documents)).result()


def _record(number: int) -> StagedDocument:
    accepted = (OLD - timedelta(minutes=number)).isoformat()
    ended = {"state": "completed", "open": False, "outcome": "completed", "updated": accepted}
    record = make_record(id=f"{number:032x}", accepted=accepted, filename=f"file-{number}.csv", **ended)
    return staged(record.to_document(), ["id"], number)


async def _write(stack: Stack, documents: list[StagedDocument]) -> None:
    cosmos = Cosmos(stack.services.cosmos.url, EMULATOR_KEY, sample_values(APP)["COSMOS_DATABASE"])
    parts: dict[str, Any] = {"clock": time.monotonic, "sleep": asyncio.sleep, "jitter": random.random}
    controllers = RateControllers(time.monotonic, MAX_OPERATIONS)
    writer = Writer(transport=BulkTransport(cosmos), controllers=controllers, **parts)
    try:
        limits = Limits(Deadline(time.monotonic() + SECONDS, time.monotonic), lambda: asyncio.sleep(0))
        progress = await writer.write(RUNS_CONTAINER, documents, limits)
    finally:
        await cosmos.close()
    assert progress.totals.documents == len(documents)
