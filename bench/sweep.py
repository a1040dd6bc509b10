"""What the query of an idle sweep costs beside many ended runs: an index serves it, so they cost nothing."""

import asyncio
import sys
from collections.abc import Iterator
from typing import Any

from azure.cosmos import PartitionKey
from azure.cosmos.aio import ContainerProxy, CosmosClient

from bench.runner import Figure, run
from local.cosmos.process import CosmosProcess
from outlast.runs.record import RunRecord, RunRequest, RunStatus
from outlast.runs.store import OPEN_RUNS

AT_ONCE = 32
OPEN = 20
NO_INDEX = "SELECT * FROM c WHERE NOT ARRAY_CONTAINS(['completed', 'failed'], c.state) OR ARRAY_LENGTH(c.pending) > 0"
"""What the sweep would ask without the member `open`."""


def sweep(quick: bool) -> Iterator[Figure]:
    ended = 2_000 if quick else 100_000
    with CosmosProcess(options=("--unthrottled",)) as emulator:
        alone, beside, scanning = asyncio.run(measure(emulator, ended))
    yield Figure(name="ru_without_ended_runs", value=alone, unit="RU", goal=50, direction="max")
    yield Figure(name=f"ru_beside_{ended}_ended_runs", value=beside, unit="RU", goal=alone * 1.1, direction="max")
    yield Figure(name="ru_of_a_scan_against_it", value=scanning / beside, unit="times", goal=10, direction="min")


async def measure(emulator: CosmosProcess, ended: int) -> tuple[float, float, float]:
    """Request units of the sweep's query before and after so many runs have ended, and of a scan after it."""
    async with CosmosClient(emulator.url, emulator.key) as client:
        database = await client.create_database("bench")
        container = await database.create_container("runs", PartitionKey("/id"), offer_throughput=10_000)
        await create(container, "storing", OPEN)
        alone = await charge(container, OPEN_RUNS)
        await create(container, "completed", ended)
        return alone, await charge(container, OPEN_RUNS), await charge(container, NO_INDEX)


async def create(container: ContainerProxy, state: str, count: int) -> None:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> None:
        request = RunRequest(report="sales", accepted="2026-01-01T00:00:00.000+00:00", format="csv", gzipped=False)
        record = RunRecord(id=f"{state}{number}", request=request, status=RunStatus(state=state))
        async with gate:
            await container.create_item(record.to_document())

    await asyncio.gather(*(one(number) for number in range(count)))


async def charge(container: ContainerProxy, query: str) -> float:
    """The request units of all pages."""
    charges: list[float] = []

    def hook(headers: Any, _: Any) -> None:
        charges.append(float(headers["x-ms-request-charge"]))

    found = [item async for item in container.query_items(query, response_hook=hook)]
    assert len(found) == OPEN
    return sum(charges)


if __name__ == "__main__":
    sys.exit(run(sweep))
