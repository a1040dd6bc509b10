import asyncio
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlast.errors import Permanent
from outlast.staging.resolved import LOST, SAME, ChunkSummary, Decided, Placed, Resolved, Stretch, Summary
from outlast.staging.store import Staging

PLACED = st.builds(
    Placed, st.integers(0, 6), st.integers(0, 300), st.integers(0, 2**32 - 1), st.integers(2, 9**18), st.just(7)
)


def resolved() -> Resolved:
    return Resolved(Staging("memory:///"), "r1", 7)


def keep(files: Resolved, tables: Mapping[Stretch, Sequence[Placed]]) -> None:
    async def run() -> None:
        for stretch, lost in tables.items():
            same = [one._replace(row=one.row + 1) for one in lost[1:]]
            encoded = {kind: files.table.encode(found) for kind, found in ((LOST, lost), (SAME, same)) if found}
            await files.keep(Decided(*stretch, len(lost), 9, len(same), gone=1, known=3), encoded, [b"1\ta"])

    asyncio.run(run())


@given(st.lists(PLACED, max_size=20, unique=True), st.lists(PLACED, max_size=20, unique=True))
def test_each_chunk_finds_its_records_in_all_tables(one: list[Placed], other: list[Placed]) -> None:
    """The records of all stretches of buckets come back by chunk and kind, and the chunks with losers are known."""
    files = resolved()
    keep(files, {(0, 100): one, (100, 256): other})

    async def run() -> None:
        summary = await files.summed_up()
        assert (summary.count("lost"), summary.count("known")) == (len(one) + len(other), 6)
        lost_heads, same_heads = await files.heads(LOST, await files.summary()), await files.heads(SAME, summary)
        assert files.chunks_of(lost_heads) == sorted({lost.chunk for lost in [*one, *other]})
        for chunk in range(7):
            found = await files.of(LOST, lost_heads, chunk)
            assert sorted(found) == sorted(lost for lost in [*one, *other] if lost.chunk == chunk)
            same = await files.of(SAME, same_heads, chunk)
            assert len(same) == sum(lost.chunk == chunk for lost in [*one[1:], *other[1:]])
        assert await files.gone((100, 256)) == [b"1\ta"]

    asyncio.run(run())


def test_a_run_that_lost_nothing_has_no_tables_to_read() -> None:
    """Stretches without records are not read."""
    files = resolved()

    async def run() -> Summary:
        for stretch in ((0, 128), (128, 256)):
            await files.keep(Decided(*stretch, 0, 9), {})
        return await files.summed_up()

    summary = asyncio.run(run())
    assert (summary.with_any(LOST), summary.with_any(SAME), summary.with_any("gone")) == ([], [], [])
    paths = [path for path, _ in asyncio.run(files.staging.list("runs"))]
    assert all(path.endswith("json") for path in paths)


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
