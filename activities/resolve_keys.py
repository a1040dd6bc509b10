"""Looks for one document that two distant rows make, over all chunks of a run, before anything is stored.

Rows of one part are compared while they are generated, and the later one wins. Rows of different parts are stored by
different lanes, so which of them came last would be left to chance.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from outlast.calls import KeysAnswer, RunCall
from outlast.errors import Permanent
from outlast.models import Json
from outlast.runs.fence import Fence, Gate
from outlast.runs.record import RunRecord
from outlast.staging.document_keys import BUCKETS, ENTRY, OFFSETS, Twins, find_twins, range_of
from outlast.staging.input import InputFiles
from outlast.staging.parsed import InThread
from outlast.staging.parts import Generated

AT_ONCE = 32
"""Reads of the staging location at the same time."""
SHARD = 250_000
"""Documents that are compared at once, about: their entries take some 20 MB."""


@dataclass(frozen=True, slots=True)
class KeyFile:
    """The keys of one part: its path, and where its entries of each first byte lie."""

    path: str
    offsets: bytes

    @property
    def documents(self) -> int:
        return range_of(self.offsets, 0, BUCKETS)[1] // ENTRY.size


@dataclass(frozen=True, slots=True)
class ResolveKeys:
    """`in_thread` runs work that keeps a CPU busy beside the event loop."""

    gate: Gate
    files: InputFiles
    in_thread: InThread

    async def resolve_keys(self, given: Json) -> Json:
        """Input: RunCall. Returns a KeysAnswer. Raises Permanent where two rows make one document."""
        call = RunCall.from_dict(given)
        record, fence, deadline = await self.gate.enter(call, "generating")
        files = await self._key_files(record, fence)
        bucket = call.cursor["bucket"] if call.cursor else 0
        step = max(1, BUCKETS * SHARD // max(SHARD, sum(file.documents for file in files)))
        while bucket < BUCKETS:
            await fence.check()
            after = min(BUCKETS, bucket + step)
            _refuse(record, await self._twins(files, bucket, after))
            bucket = after
            if deadline.passed():
                break
        return KeysAnswer({"bucket": bucket} if bucket < BUCKETS else None).to_dict()

    async def _twins(self, files: Sequence[KeyFile], first: int, after: int) -> Twins | None:
        gate = asyncio.Semaphore(AT_ONCE)

        async def entries(file: KeyFile) -> bytes:
            begin, length = range_of(file.offsets, first, after)
            async with gate:
                return await self.files.staging.get_range(file.path, begin, length) if length else b""

        pieces = await asyncio.gather(*(entries(file) for file in files))
        twins: Twins | None = await self.in_thread(lambda: find_twins(pieces))
        return twins

    async def _key_files(self, record: RunRecord, fence: Fence) -> list[KeyFile]:
        gate = asyncio.Semaphore(AT_ONCE)

        async def of_chunk(chunk: int) -> list[KeyFile]:
            async with gate:
                await fence.check()
                generated = Generated(self.files.staging, record.id, chunk)
                paths = [generated.path(part, answer.keys) async for part, answer in generated.parts() if answer.keys]
                read = self.files.staging.get_range
                return [KeyFile(path, await read(path, 0, OFFSETS.size)) for path in paths]

        chunks = len((await self.files.chunks(record)).chunks)
        return [file for found in await asyncio.gather(*map(of_chunk, range(chunks))) for file in found]


def _refuse(record: RunRecord, twins: Twins | None) -> None:
    if twins is None:
        return
    raise Permanent(
        f"the rows {twins.first} and {twins.second} of run {record.id} make the same document, with the same id and "
        "partition key; which row would win is left to chance. Leave one of them out, or give their documents "
        f"different ids. Documents that are made more than once: at least {twins.documents:,}"
    )
