"""What a plan estimates against what the database charges, on containers with indexing policies of their own."""

import asyncio
import random
import time
import uuid
from collections.abc import Sequence
from typing import Any

import pytest
from azure.cosmos import CosmosClient, PartitionKey

from local.cosmos.process import CosmosProcess
from outlast.cosmos.bulk.bulk_transport import BulkTransport
from outlast.cosmos.bulk.limits import Limits
from outlast.cosmos.bulk.rate_controller import RateControllers
from outlast.cosmos.bulk.staged_document import StagedDocument
from outlast.cosmos.bulk.writer import Writer
from outlast.cosmos.client import Cosmos
from outlast.cosmos.document import staged
from outlast.deadline import Deadline
from outlast.models import Json
from outlast.planning.estimator import SAMPLE, Estimator
from outlast.planning.figures import Figures
from outlast.planning.there import CosmosThere
from tests.contract.outlast.backends import DATABASE
from tests.fakes.reports import Sales
from tests.fakes.world import work_here

POLICIES: dict[str, dict[str, Any] | None] = {
    "the default": None,
    "queried paths alone": {
        "indexingMode": "consistent",
        "includedPaths": [{"path": "/shop/?"}, {"path": "/lines/[]/sku/?"}],
        "excludedPaths": [{"path": "/*"}],
    },
    "all but a subtree": {
        "indexingMode": "consistent",
        "includedPaths": [{"path": "/*"}],
        "excludedPaths": [{"path": "/lines/*"}, {"path": '/"_etag"/?'}],
    },
}
SIZES = (10, 300, 900, 3_000, 20_000, 70_000)
"""Characters of one member, so that documents fall into many size classes."""
OF_CREATES, OF_A_MIX = 0.05, 0.15


def make_container(emulator: CosmosProcess, policy: dict[str, Any] | None) -> str:
    name = f"plan-{uuid.uuid4().hex[:8]}"
    with CosmosClient(emulator.url, emulator.key) as client:
        client.get_database_client(DATABASE).create_container(
            name,
            PartitionKey("/shop"),
            indexing_policy=policy,
            offer_throughput=40_000,
            initial_headers={"x-ms-emulator-partitions": "4"},
        )
    return name


def make_documents(numbers: Sequence[int], edition: int = 1) -> list[StagedDocument]:
    """The documents of these numbers. Those of an odd number differ from edition to edition."""
    documents = []
    for number in numbers:
        dice = random.Random(number)
        lines = [{"sku": line, "text": "y" * dice.randrange(20)} for line in range(dice.randrange(6))]
        shop, size = f"s{number % 40}", dice.choice(SIZES)
        changing = edition if number % 2 else 1
        document = {"id": f"d{number}", "shop": shop, "lines": lines, "text": "x" * size, "edition": changing}
        documents.append(staged(document, ["shop"], number + 2))
    return sorted(documents, key=lambda document: (document.effective_partition_key, document.row))


async def let_pass() -> None:
    """Let every request pass."""


class Planner:
    """Estimates, then writes, and returns plan and charge."""

    def __init__(self, cosmos: Cosmos, container: str) -> None:
        self.transport = BulkTransport(cosmos)
        self.estimator = Estimator(self.transport, CosmosThere(cosmos), work_here)
        self.report = type("Planned", (Sales,), {"container": container, "queried": ("/shop",)})()

    async def plan(self, documents: Sequence[StagedDocument]) -> Json:
        figures = Figures()
        await self.estimator.add(figures, self.report, documents, max(1, len(documents) // SAMPLE))
        return figures.plan()

    async def write(self, documents: Sequence[StagedDocument]) -> float:
        writer = Writer(
            transport=self.transport,
            clock=time.monotonic,
            sleep=asyncio.sleep,
            jitter=random.random,
            controllers=RateControllers(time.monotonic),
        )
        limits = Limits(Deadline(time.monotonic() + 60, time.monotonic), let_pass)
        progress = await writer.write(self.report.container, documents, limits)
        assert progress.acknowledged == len(documents)
        return progress.totals.ru


@pytest.mark.parametrize("policy", POLICIES)
def test_the_estimate_of_creates_is_within_five_percent(emulator: CosmosProcess, policy: str) -> None:
    """New documents of many sizes cost what their plan says, under the indexing policy that the container has."""
    name, documents = make_container(emulator, POLICIES[policy]), make_documents(range(600))

    async def both() -> tuple[Json, float]:
        cosmos = Cosmos(emulator.url, emulator.key, DATABASE)
        try:
            planner = Planner(cosmos, name)
            return await planner.plan(documents), await planner.write(documents)
        finally:
            await cosmos.close()

    plan, charged = asyncio.run(both())
    assert plan["request_units"] == pytest.approx(charged, rel=OF_CREATES)
    assert plan["documents"] == {"new": 600, "changed": 0, "unchanged": 0, "gone": 0, "total": 600}
    assert {one["partition"] for one in plan["partitions"]} == {"0", "1", "2", "3"}
    assert plan["request_units_of_queried"] <= plan["request_units"]


@pytest.mark.parametrize("there", [0.1, 0.5, 0.9])
def test_the_estimate_of_a_mix_is_within_fifteen_percent(emulator: CosmosProcess, there: float) -> None:
    """Of a thousand documents, of which a share is there, a sample says how many are and what all of them cost."""
    name, known = make_container(emulator, None), int(1000 * there)

    async def both() -> tuple[Json, float]:
        cosmos = Cosmos(emulator.url, emulator.key, DATABASE)
        try:
            planner, documents = Planner(cosmos, name), make_documents(range(1000), edition=2)
            await planner.write(make_documents(range(known)))
            return await planner.plan(documents), await planner.write(documents)
        finally:
            await cosmos.close()

    plan, charged = asyncio.run(both())
    assert plan["request_units"] == pytest.approx(charged, rel=OF_A_MIX)
    assert plan["sampled"] < 1000
    assert plan["documents"]["changed"] + plan["documents"]["unchanged"] == pytest.approx(known, abs=100)
    assert plan["documents"]["unchanged"] > 0
