import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlast.errors import Permanent
from outlast.staging.resolved import ChunkSummary, Lost, Resolved, Stretch, Summary
from outlast.staging.store import Staging

LOST = st.builds(
    Lost, st.integers(0, 6), st.integers(0, 300), st.integers(0, 2**32 - 1), st.integers(2, 9**18), st.just(7)
)


def resolved() -> Resolved:
    return Resolved(Staging("memory:///"), "r1", 7)


def keep(files: Resolved, tables: dict[Stretch, Sequence[Lost]]) -> None:
    async def run() -> None:
        for stretch, lost in tables.items():
            await files.keep(stretch, lost)

    asyncio.run(run())


@given(st.lists(LOST, max_size=20, unique=True), st.lists(LOST, max_size=20, unique=True))
def test_each_chunk_finds_its_records_in_all_tables(one: list[Lost], other: list[Lost]) -> None:
    """The records of all stretches of buckets come back by chunk, and the chunks that have any are known."""
    files = resolved()
    keep(files, {(0, 100): one, (100, 256): other})

    async def run() -> None:
        summary = await files.summed_up()
        assert summary.lost == len(one) + len(other)
        assert await files.chunks_with_losers(summary) == sorted({lost.chunk for lost in [*one, *other]})
        for chunk in range(7):
            found = await files.lost_of(await files.summary(), chunk)
            assert sorted(found) == sorted(lost for lost in [*one, *other] if lost.chunk == chunk)

    asyncio.run(run())


def test_a_run_that_lost_nothing_has_no_tables_to_read() -> None:
    """Stretches without losers are left out of the summary."""
    files = resolved()
    keep(files, {(0, 128): [], (128, 256): []})
    assert asyncio.run(files.summed_up()) == Summary([], 0)
    assert [path for path, _ in asyncio.run(files.staging.list("runs")) if path.endswith("lost")] == []


def test_a_run_of_an_earlier_release_lost_nothing() -> None:
    """Without a summary nothing is lost, and a chunk without a count has none."""
    files = resolved()
    assert asyncio.run(files.summary()) == Summary()
    assert asyncio.run(files.of_chunk(3)) == ChunkSummary()


def test_a_bucket_that_was_not_decided_is_found() -> None:
    """A run of whose keys a stretch is missing is not stored."""
    files = resolved()
    keep(files, {(0, 100): [], (128, 256): []})
    with pytest.raises(Permanent, match="the keys of bucket 100 were not resolved"):
        asyncio.run(files.summed_up())
