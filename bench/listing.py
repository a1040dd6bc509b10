"""What a search in the list of runs costs beside many other runs: an index serves it, so they cost next to nothing."""

import asyncio
import json
import sys
from collections.abc import Iterator
from typing import Any

from azure.cosmos import PartitionKey
from azure.cosmos.aio import ContainerProxy, CosmosClient

from bench.runner import ROOT, Figure, run
from local.cosmos.process import CosmosProcess
from outlast.runs.listing import Listing
from outlast.runs.record import RunRecord, RunRequest, RunStatus

AT_ONCE = 32
FOUND = 20
"""Runs that each search finds."""
DAY = "2026-02-0{}T00:00:00.000+00:00"
SEARCHES = {
    "label": Listing(label="nightly"),
    "input": Listing(input="a.csv"),
    "range": Listing(since=DAY.format(2), until=DAY.format(3)),
    "open": Listing(open=True),
}


def listing(quick: bool) -> Iterator[Figure]:
    others = 2_000 if quick else 100_000
    with CosmosProcess(options=("--unthrottled",)) as emulator:
        alone, beside = asyncio.run(measure(emulator, others))
    for name in SEARCHES:
        goal = alone[name] * 1.1
        yield Figure(name=f"ru_by_{name}_beside_{others}", value=beside[name], unit="RU", goal=goal, direction="max")


async def measure(emulator: CosmosProcess, others: int) -> tuple[dict[str, float], dict[str, float]]:
    """Request units of each search before and after there are so many other runs."""
    [policy] = [
        one["indexingPolicy"]
        for one in json.loads((ROOT / "infra" / "containers.json").read_text("utf-8"))
        if one["name"] == "runs"
    ]
    async with CosmosClient(emulator.url, emulator.key) as client:
        database = await client.create_database("bench")
        container = await database.create_container(
            "runs", PartitionKey("/id"), offer_throughput=10_000, indexing_policy=policy
        )
        await create(container, FOUND, DAY.format(2), "storing", filename="a.csv", label="nightly")
        alone = {name: await charge(container, asked) for name, asked in SEARCHES.items()}
        await create(container, others, DAY.format(1), "completed", filename="b.csv")
        return alone, {name: await charge(container, asked) for name, asked in SEARCHES.items()}


async def create(container: ContainerProxy, count: int, accepted: str, state: str, **more: Any) -> None:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> None:
        request = RunRequest(report="sales", accepted=accepted, format="csv", gzipped=False, **more)
        record = RunRecord(id=f"{state}{number}", request=request, status=RunStatus(state=state))
        async with gate:
            await container.create_item(record.to_document())

    await asyncio.gather(*(one(number) for number in range(count)))


async def charge(container: ContainerProxy, asked: Listing) -> float:
    """The request units of all pages."""
    charges: list[float] = []

    def hook(headers: Any, _: Any) -> None:
        charges.append(float(headers["x-ms-request-charge"]))

    text, values = asked.query()
    parameters: list[dict[str, object]] = [{"name": name, "value": value} for name, value in values.items()]
    items = container.query_items(text, parameters=parameters, response_hook=hook)
    found = [item async for item in items]
    assert len(found) == FOUND
    return sum(charges)


if __name__ == "__main__":
    sys.exit(run(listing))
