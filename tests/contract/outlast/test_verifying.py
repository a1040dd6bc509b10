"""A whole run that stores into the emulator and reads it back, with documents changed between."""

import asyncio
from typing import Any, cast

from azure.cosmos import PartitionKey
from azure.cosmos.aio import CosmosClient

from local.cosmos.process import CosmosProcess
from outlast.cosmos.bulk.bulk_transport import BulkTransport
from outlast.cosmos.client import Cosmos
from outlast.models import Json
from tests.fakes.reports import make_csv
from tests.fakes.world import World

OWN = "verifying"
"""A database of its own, because other tests use the same container."""
ROWS = 2_000
CHANGED = ("s0007.0", "s0990.0", "s1999.0")


async def store_and_verify(emulator: CosmosProcess, rows: int) -> Json:
    """The receipt of a run of which somebody changes three documents before they are read back."""
    async with CosmosClient(emulator.url, emulator.key) as client:
        database = await client.create_database(OWN)
        sales = await database.create_container("sales", PartitionKey("/shop"), offer_throughput=100_000)
        cosmos = Cosmos(emulator.url, emulator.key, OWN)
        world = World(transport=cast(Any, BulkTransport(cosmos)))
        verify, changed = world.steps["verify_report"], set(CHANGED)

        async def after_harm(given: Json) -> Any:
            while changed:
                name = changed.pop()
                shop = f"shop{int(name[1:-2]) % 3}"
                await sales.upsert_item({"id": name, "shop": shop, "amount": -1.0})
            return await verify(given)

        world.steps["verify_report"] = after_harm
        try:
            return cast(Json, (await world.run(make_csv(rows), verify="content")).output)
        finally:
            await cosmos.close()


def test_exactly_the_changed_documents_are_found_at_a_quarter_of_the_cost(emulator: CosmosProcess) -> None:
    """Documents that were changed behind the run's back are named, and reading back costs a quarter of writing."""
    receipt = asyncio.run(store_and_verify(emulator, ROWS))
    verified = receipt["verified"]
    assert (verified["documents"], verified["equal"], verified["missing"]) == (ROWS, ROWS - len(CHANGED), 0)
    assert {one["id"] for one in verified["differences"]} == set(CHANGED)
    assert 0 < verified["request_units"] <= receipt["request_units"] / 4
