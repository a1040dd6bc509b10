"""The copy that rows are read from, where that is not the input itself: inflated, in UTF-8, in a format that is cut.

The work is done in a thread, some megabytes at a time, so that the fence and the deadline are looked at between.
"""

import io
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing
from functools import partial
from typing import Protocol

from outlast.inputs.compressed import Stage
from outlast.inputs.converters import copy_of, reads_everywhere, stages_of
from outlast.inputs.reading import Reading, Wanted
from outlast.inputs.stages import feed_all, finish_all
from outlast.inputs.types import BadInput
from outlast.models import Bytes
from outlast.staging.parsed import InThread
from outlast.staging.ranged_file import RangedFile

PIECE = 1024 * 1024
"""Bytes of the input that are read at once."""
BATCH = 2 * 1024 * 1024
"""Bytes of the copy that are made in one piece of work."""
BUFFER = 1024 * 1024


class PostedFile(Protocol):
    """The input as it was posted."""

    async def size(self) -> int: ...
    async def read(self, offset: int, length: int) -> bytes: ...
    def read_now(self, offset: int, length: int) -> bytes: ...


Convert = Callable[[PostedFile, Reading, Wanted, int], AsyncGenerator[Bytes]]
"""Makes the copy of a file elsewhere. The last parameter is the most bytes that it may have."""


async def copied(
    posted: PostedFile,
    reading: Reading,
    wanted: Wanted,
    in_thread: InThread,
    max_bytes: int,
    convert: Convert | None = None,
) -> AsyncGenerator[Bytes]:
    """The copy, piece by piece; of Parquet by `convert`, where that is given.

    Raises BadInput when the input is damaged, or has or makes more than `max_bytes`.
    """
    size = await posted.size()
    if not reading.compression and size > max_bytes:
        text = f"The input has {size:,} bytes and {max_bytes:,} can be copied, as {reading.format} must be"
        raise BadInput("body", f"{text} in this encoding. Send it in parts, or as CSV or JSON Lines in UTF-8.")
    if reading.format == "parquet" and convert is not None:
        async with aclosing(convert(posted, reading, wanted, max_bytes)) as pieces:
            async for piece in pieces:
                yield piece
        return
    if reads_everywhere(reading):
        opened = io.BufferedReader(RangedFile(size, posted.read_now), BUFFER)
        async for batch in _batches(lambda: copy_of(opened, reading, wanted, max_bytes), in_thread):
            yield batch
        return
    async for batch in _in_order(posted, size, stages_of(reading, max_bytes), in_thread):
        yield batch


async def _in_order(
    posted: PostedFile, size: int, stages: Sequence[Stage], in_thread: InThread
) -> AsyncIterator[bytearray]:
    offset = 0
    while offset < size:
        data = await posted.read(offset, PIECE)
        offset += len(data)
        async for piece in _batches(partial(feed_all, stages, data), in_thread):
            yield piece
    async for piece in _batches(partial(finish_all, stages), in_thread):
        yield piece


async def _batches(make: Callable[[], Iterator[bytes]], in_thread: InThread) -> AsyncIterator[bytearray]:
    """What the iterator yields, some megabytes at a time."""
    pieces = make()
    while batch := await in_thread(partial(batch_of, pieces)):
        yield batch


def batch_of(pieces: Iterator[bytes]) -> bytearray:
    """The next BATCH bytes of the pieces, about; empty behind the last."""
    found = bytearray()
    for piece in pieces:
        found += piece
        if len(found) >= BATCH:
            break
    return found
