import asyncio
from itertools import pairwise
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outlast.cosmos.bulk.token_bucket import TokenBucket
from outlast.cosmos.queries import DIGITS, END, HashRange, Page, Query, cut_range
from outlast.errors import Permanent
from outlast.staging import queried
from outlast.staging.queried import QueriedFile, QueryReader
from outlast.staging.store import Staging
from tests.fakes.clock import ManualClock
from tests.fakes.queries import FakeQueries

QUERY = Query("orders")


def hash_of(number: int, count: int) -> str:
    """Hashes that lie evenly in the space, in an order of their own."""
    spread = (number * 7919) % count
    return f"{(spread << (4 * DIGITS - 2)) // count:0{DIGITS}X}"


def filled(count: int, **more: Any) -> FakeQueries:
    return FakeQueries({"orders": [(hash_of(n, count), {"id": f"d{n}"}) for n in range(count)]}, **more)


class Calls:
    """`enough` of calls that may each read so many pages."""

    def __init__(self, pages: int = 10**9) -> None:
        self.pages, self.left = pages, pages

    async def enough(self) -> bool:
        self.left -= 1
        return self.left <= 0


def reader(staging: Staging, queries: FakeQueries, lanes: int = 4, bucket: TokenBucket | None = None) -> QueryReader:
    clock = ManualClock()
    return QueryReader(
        staging=staging, run="r1", query=QUERY, queries=queries, lanes=lanes, bucket=bucket, sleep=clock.sleep
    )


def staged(staging: Staging) -> list[str]:
    """The ids of all staged documents, in their order."""

    async def read() -> bytes:
        file = QueriedFile(staging, "r1")
        return await file.read(0, await file.size())

    return [orjson.loads(line)["id"] for line in asyncio.run(read()).splitlines()]


def until_staged(staging: Staging, queries: FakeQueries, pages: int = 10**9, lanes: int = 4) -> int:
    """Call until all is staged; return the number of calls."""

    async def run() -> int:
        calls = 1
        while not await reader(staging, queries, lanes).stage(Calls(pages).enough):
            calls += 1
        return calls

    return asyncio.run(run())


@pytest.mark.parametrize("pages", [1, 5, 10**9])
@pytest.mark.parametrize("lanes", [1, 4])
def test_every_document_is_staged_once(pages: int, lanes: int) -> None:
    """However few pages a call may read, each document is staged once, and no page is read twice."""
    staging, queries = Staging("memory:///"), filled(100)
    calls = until_staged(staging, queries, pages, lanes)
    assert sorted(staged(staging)) == sorted(f"d{n}" for n in range(100))
    assert (calls > 1) == (pages < 10)
    assert queries.pages <= 100


def test_what_is_staged_is_not_read_again() -> None:
    """What a query has returned stays, also when the container changes before a later step reads it."""
    staging, queries = Staging("memory:///"), filled(20)
    until_staged(staging, queries)
    first = staged(staging)
    queries.documents["orders"] = []
    until_staged(staging, queries)
    assert staged(staging) == first


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.tuples(st.integers(1, 60), st.integers(0, 2**126 - 1)), max_size=5),
    st.integers(1, 6),
    st.sampled_from([1, 3, 10**9]),
)
def test_splits_lose_and_double_nothing(splits: list[tuple[int, int]], lanes: int, pages: int) -> None:
    """Wherever partitions split, and after whichever page, each document is staged once."""
    staging, queries = Staging("memory:///"), filled(80)

    def split() -> None:
        queries.splits |= {f"{at:0{DIGITS}X}" for page, at in splits if page <= queries.pages}

    queries.before_page = split
    until_staged(staging, queries, pages, lanes)
    assert sorted(staged(staging)) == sorted(f"d{n}" for n in range(80))


class Killed(BaseException):
    """The process has died."""


@pytest.mark.parametrize("at", range(1, 30, 2))
def test_killed_at_any_write_it_loses_and_doubles_nothing(at: int) -> None:
    """A call that dies before or after any write is made up for by the next one."""

    class Dying(Staging):
        writes = 0

        async def put(self, path: str, data: bytes | bytearray) -> None:
            self.writes += 1
            if self.writes == at:
                raise Killed
            await super().put(path, data)
            if self.writes == at + 1:
                self.writes = at + 2
                raise Killed

    staging, queries = Dying("memory:///"), filled(60)
    while True:
        try:
            until_staged(staging, queries, pages=4)
            break
        except Killed:
            continue
    assert sorted(staged(staging)) == sorted(f"d{n}" for n in range(60))


def test_throttling_is_waited_for() -> None:
    """A page that is throttled is asked for again after the time that the database says."""
    staging, queries = Staging("memory:///"), filled(30)
    queries.waits = [0.5, 2.0, 1.0]
    clock = ManualClock()
    began = clock()
    one = QueryReader(staging=staging, run="r1", query=QUERY, queries=queries, lanes=1, bucket=None, sleep=clock.sleep)
    asyncio.run(one.stage(Calls().enough))
    assert clock() - began == pytest.approx(3.5)
    assert len(staged(staging)) == 30


def test_reading_is_paced_by_request_units() -> None:
    """With a limit, reading takes the time in which so many request units are allowed, all ranges together."""
    staging, queries = Staging("memory:///"), filled(300, charge=50.0)
    clock = ManualClock()
    began = clock()
    paced = QueryReader(
        staging=staging,
        run="r1",
        query=QUERY,
        queries=queries,
        lanes=4,
        bucket=TokenBucket(500.0, clock),
        sleep=clock.sleep,
    )
    asyncio.run(paced.stage(Calls().enough))
    assert clock() - began == pytest.approx(queries.pages * 50.0 / 500.0, rel=0.1)


def test_lanes_do_not_overdraw_the_share_together() -> None:
    """With a small limit one lane reads, and the others wait until its page is made up for."""
    clock = ManualClock()

    class Slow(FakeQueries):
        reading = most_reading = 0

        async def page(self, query: Query, one: HashRange) -> Page:
            self.reading += 1
            self.most_reading = max(self.most_reading, self.reading)
            await clock.sleep(0.5)
            self.reading -= 1
            return await super().page(query, one)

    queries = Slow(filled(60).documents, charge=150.0)
    staging, bucket = Staging("memory:///"), TokenBucket(8.0, clock)
    paced = QueryReader(
        staging=staging, run="r1", query=QUERY, queries=queries, lanes=8, bucket=bucket, sleep=clock.sleep
    )
    assert asyncio.run(paced.stage(Calls().enough))
    assert queries.most_reading == 1
    assert len(staged(staging)) == 60


def test_a_call_that_waits_is_asked_whether_it_must_end() -> None:
    """A call that must end while the limit lets nothing be read returns, and what it has read is staged."""
    clock, queries, staging = ManualClock(), filled(30, charge=1000.0), Staging("memory:///")
    bucket, began = TokenBucket(1.0, clock), clock()

    async def enough() -> bool:
        return clock() - began > 10

    paced = QueryReader(
        staging=staging, run="r1", query=QUERY, queries=queries, lanes=1, bucket=bucket, sleep=clock.sleep
    )
    assert not asyncio.run(paced.stage(enough))
    assert clock() - began <= 11
    pages = queries.pages
    until_staged(staging, queries)
    assert (pages, queries.pages) == (1, 10)


def test_windows_are_read_as_one_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any stretch of the windows together is as if they were one file."""
    monkeypatch.setattr(queried, "WINDOW", 30)
    staging, queries = Staging("memory:///"), filled(50)
    until_staged(staging, queries)

    async def read() -> None:
        file = QueriedFile(staging, "r1")
        size = await file.size()
        whole = await file.read(0, size + 100)
        assert len(whole) == size
        for offset in range(0, size, 37):
            assert await file.read(offset, 91) == whole[offset : offset + 91]

    asyncio.run(read())


def test_what_is_missing_is_permanent() -> None:
    """A file whose windows were deleted raises Permanent."""
    with pytest.raises(Permanent, match="what run r1 has queried is missing"):
        asyncio.run(QueriedFile(Staging("memory:///"), "r1").size())


@settings(deadline=None)
@given(st.integers(0, 2**126 - 2), st.integers(1, 2**126), st.integers(1, 64))
def test_pieces_of_a_range_touch_and_do_not_overlap(low: int, width: int, pieces: int) -> None:
    """The pieces of a range follow each other from its low to its high bound."""
    bounds = (f"{low:0{DIGITS}X}" if low else "", END if low + width >= 2**126 else f"{low + width:0{DIGITS}X}")
    found = cut_range(*bounds, pieces)
    assert 1 <= len(found) <= pieces
    assert (found[0].low, found[-1].high) == bounds
    assert all(one.high == other.low for one, other in pairwise(found))
    assert all(one.low < one.high for one in found)
