"""Reads the groups of one shard from the files of all chunks."""

from collections.abc import Awaitable, Callable, Collection
from typing import Any

from outlast.bounded_gather import bounded_gather
from outlast.runs.record import RunRecord
from outlast.staging.group_file import gather, gathered
from outlast.staging.input import InputFiles
from outlast.staging.parsed import InThread
from outlast.staging.parts import Generated
from outlast.staging.paths import GROUPED
from outlast.staging.shards import GroupFile
from outlast.staging.store import READS_AT_ONCE


async def read_shard(
    files: InputFiles, record: RunRecord, number: int, in_thread: InThread, check: Callable[[], Awaitable[None]]
) -> bytes:
    """The groups, each with its pieces behind each other in the order of the rows. `check` is called before each read,
    and `in_thread` runs the sorting."""
    index = await files.group_index(record)
    first, after = index.shards[number]

    async def lines(file: GroupFile) -> bytes:
        begin, length = file.lines_of((first, after))
        if not length:
            return b""
        path = Generated(files.staging, record.parts_folder, file.chunk, GROUPED).path(file.part, file.name)
        await check()
        return await files.staging.get_range(path, begin, length)

    pieces = await bounded_gather(READS_AT_ONCE, lines, index.files)
    groups: bytes = await in_thread(lambda: gather(pieces, first, after))
    return groups


async def rows_of(files: InputFiles, record: RunRecord, number: int, firsts: Collection[int]) -> int:
    """How many rows of the input these are, which have made documents of a chunk. Of a grouped report each is the first
    row of a group, and the chunk is a shard."""
    if not (firsts and record.request.grouped):
        return len(firsts)
    groups = gathered(await read_shard(files, record, number, _here, _unchecked))
    rows = {group.first: group.rows for group in groups}
    return sum(rows[first] for first in firsts)


async def _here(work: Callable[[], Any]) -> Any:
    return work()


async def _unchecked() -> None:
    """Reading changes nothing, so it needs no fence."""
