"""The documents that a query has returned, staged as JSON Lines: what is read once is the same for all later steps.

Each range of the query has windows of some megabytes, named by their content, and a file that says which count and what
is left of the range. A call that dies repeats at most a window.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from itertools import accumulate

import orjson

from outlast.cosmos.bulk.token_bucket import TokenBucket, lane_rate
from outlast.cosmos.queries import HashRange, Page, Queries, Query
from outlast.errors import Permanent
from outlast.run_options import is_fraction
from outlast.runs.record import RunRecord
from outlast.staging.paths import content_name, queried_path
from outlast.staging.store import Staging

WINDOW = 4 * 1024 * 1024
"""Bytes after which a window ends."""
FIRST_UNITS = 10.0
"""Request units that the first page is expected to cost."""
NAP = 1.0
"""Seconds after which a call that waits looks whether it must end."""
Enough = Callable[[], Awaitable[bool]]


@dataclass(slots=True)
class QueriedFile:
    """The windows of all ranges, read by byte range as if they were one file."""

    staging: Staging
    run: str
    _windows: list[tuple[str, int]] | None = None

    async def is_whole(self) -> bool:
        """Whether all of the query is staged."""
        return await self.staging.size(queried_path(self.run, "all.json")) is not None

    async def size(self) -> int:
        """Bytes of all documents. Raises Permanent where they are missing."""
        return sum(size for _, size in await self._all())

    async def read(self, offset: int, length: int) -> bytes:
        """At most `length` bytes, fewer at the end."""
        windows, found = await self._all(), bytearray()
        ends = list(accumulate(size for _, size in windows))
        for (path, size), end in zip(windows, ends, strict=True):
            start = offset + len(found) - (end - size)
            if 0 <= start < size and len(found) < length:
                found += await self.staging.get_range(path, start, min(size - start, length - len(found)))
        return bytes(found)

    async def _all(self) -> list[tuple[str, int]]:
        if self._windows is None:
            data = await self.staging.get(queried_path(self.run, "all.json"))
            if data is None:
                raise Permanent(f"what run {self.run} has queried is missing; it has been deleted: start a new run")
            self._windows = [(queried_path(self.run, name), size) for name, size in orjson.loads(data)]
        return self._windows


@dataclass(slots=True)
class RangeProgress:
    """What is staged of a range: its windows with their sizes, and what is left of it."""

    left: list[HashRange]
    windows: list[tuple[str, int]] = field(default_factory=list)

    def encoded(self) -> bytes:
        return orjson.dumps({"left": [one.to_dict() for one in self.left], "windows": self.windows})

    @staticmethod
    def decoded(data: bytes) -> "RangeProgress":
        read = orjson.loads(data)
        return RangeProgress([HashRange.from_dict(one) for one in read["left"]], [(n, s) for n, s in read["windows"]])


@dataclass(slots=True, kw_only=True)
class QueryReader:
    """Stages what a query returns, several ranges at a time. `bucket` limits its request units, if it is not None."""

    staging: Staging
    run: str
    query: Query
    queries: Queries
    lanes: int
    bucket: TokenBucket | None
    sleep: Callable[[float], Awaitable[None]]
    expected: float = FIRST_UNITS
    """Request units that the next page is expected to cost: those of the last one."""

    async def stage(self, enough: Enough) -> bool:
        """Stage what is missing; return whether all is staged. `enough` is asked after each page and while it waits."""
        ranges = await self._ranges()
        left = iter(enumerate(ranges))
        lanes = [self._lane(left, enough) for _ in range(self.lanes)]
        ended = await asyncio.gather(*lanes, return_exceptions=True)
        if errors := [one for one in ended if isinstance(one, BaseException)]:
            raise errors[0]
        if not all(ended):
            return False
        staged = [await self._progress(number, one) for number, one in enumerate(ranges)]
        windows = [window for one in staged for window in one.windows]
        await self.staging.put_if_absent(queried_path(self.run, "all.json"), orjson.dumps(windows))
        return True

    async def _ranges(self) -> list[HashRange]:
        """The ranges as the first call found them."""
        path = queried_path(self.run, "ranges.json")
        if (data := await self.staging.get(path)) is None:
            found = await self.queries.ranges(self.query.container, self.lanes)
            await self.staging.put_if_absent(path, orjson.dumps([one.to_dict() for one in found]))
            data = await self.staging.need(path)
        return [HashRange.from_dict(one) for one in orjson.loads(data)]

    async def _progress(self, number: int, one: HashRange) -> RangeProgress:
        data = await self.staging.get(queried_path(self.run, f"{number:05}.json"))
        return RangeProgress([one]) if data is None else RangeProgress.decoded(data)

    async def _lane(self, ranges: Iterator[tuple[int, HashRange]], enough: Enough) -> bool:
        for number, one in ranges:
            progress = await self._progress(number, one)
            while progress.left:
                ended = await self._window(number, progress, enough)
                if ended and progress.left:
                    return False
        return True

    async def _window(self, number: int, progress: RangeProgress, enough: Enough) -> bool:
        """Stage one window; return whether the call must end."""
        lines, size, ended = list[bytes](), 0, False
        while progress.left and size < WINDOW and not ended:
            if not await self._admit(enough):
                ended = True
                break
            page = await self._page(progress.left[0])
            progress.left[:1] = page.left
            added = [orjson.dumps(document) + b"\n" for document in page.documents]
            lines, size = lines + added, size + sum(map(len, added))
            ended = await self._rest(page.wait, enough) or await enough()
        if lines:
            data = b"".join(lines)
            name = f"{number:05}.{content_name(data, 'jsonl')}"
            await self.staging.put(queried_path(self.run, name), data)
            progress.windows.append((name, len(data)))
        await self.staging.put(queried_path(self.run, f"{number:05}.json"), progress.encoded())
        return ended

    async def _admit(self, enough: Enough) -> bool:
        """Wait until the limit lets a page be read; return False where the call must end before."""
        while self.bucket is not None and (wait := self.bucket.wait()):
            if await self._rest(min(wait, NAP), enough):
                return False
        return True

    async def _rest(self, seconds: float, enough: Enough) -> bool:
        """Sleep in short pieces; return whether the call must end before that is over."""
        while seconds > 0:
            if await enough():
                return True
            await self.sleep(min(seconds, NAP))
            seconds -= NAP
        return False

    async def _page(self, one: HashRange) -> Page:
        """One page. What it is expected to cost is spent before, so that the lanes do not overdraw together."""
        expected = self.expected
        self._spend(expected)
        page = await self.queries.page(self.query, one)
        self._spend(page.charge - expected)
        if page.documents:
            self.expected = page.charge
        return page

    def _spend(self, units: float) -> None:
        if self.bucket is not None:
            self.bucket.spend(units)


@dataclass(frozen=True, slots=True)
class QuerySource:
    """Reads the queries of runs. It keeps the bucket between the calls of one, because a page may cost more than a call
    can wait for."""

    queries: Queries
    clock: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]
    _buckets: dict[str, TokenBucket] = field(default_factory=dict)

    async def stage(self, staging: Staging, record: RunRecord, enough: Enough) -> bool:
        """Stage what is missing of the run's query; return whether all is staged."""
        if await QueriedFile(staging, record.id).is_whole():
            return True
        query = Query.from_dict(record.request.query or {})
        bucket = await self._bucket(query, record)
        reader = QueryReader(
            staging=staging,
            run=record.id,
            query=query,
            queries=self.queries,
            lanes=record.request.max_parallel,
            bucket=bucket,
            sleep=self.sleep,
        )
        is_whole = await reader.stage(enough)
        if bucket is not None and not is_whole:
            self._buckets[record.parts_key] = bucket
        return is_whole

    async def _bucket(self, query: Query, record: RunRecord) -> TokenBucket | None:
        if (share := record.request.read_ru_share) is None:
            return None
        provisioned = await self.queries.throughput(query.container) if is_fraction(share) else 0.0
        rate = lane_rate(share, provisioned, 1)
        bucket = self._buckets.pop(record.parts_key, None) or TokenBucket(rate, self.clock)
        bucket.rate = rate
        return bucket
