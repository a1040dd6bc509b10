"""A report whose container has a hierarchical partition key, from its rows to its receipt."""

import asyncio

from outlast.cosmos.bulk.staged_document import read_staged
from outlast.cosmos.partition_key import effective_of
from outlast.staging.parts import Generated
from tests.fakes.reports import HIERARCHICAL, make_csv
from tests.fakes.world import World


def test_documents_are_staged_and_stored_under_all_levels() -> None:
    """Each document is staged with both levels of its key and their hash, and stored under them."""
    world = World(reports=HIERARCHICAL)
    world.transport.partition_key = ("/shop", "/of/day")

    async def run() -> bytes:
        await world.prepare(make_csv(30), "publishing", report="visits")
        generated = Generated(world.staging, "r1", 0)
        [(part, answer)] = [one async for one in generated.parts()]
        return await world.staging.need(generated.path(part, answer.documents))

    staged = read_staged(asyncio.run(run()))
    assert {one.partition_key for one in staged} == {b'"shop%d",%d' % (n % 3, n % 4) for n in range(30)}
    for one in staged:
        assert one.effective_partition_key.decode() == effective_of(tuple(one.key))
    assert set(world.transport.documents("visits")) == {(one.partition_key, one.id) for one in staged}
    receipt = asyncio.run(world.call("publish_report", totals={}))["receipt"]
    assert (receipt["rows_stored"], receipt["documents_written"]) == (30, 30)
