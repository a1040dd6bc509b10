"""The copy that rows are read from, where that is not the input itself: inflated, in UTF-8, in a format that is cut.

The work is done in a thread, some megabytes at a time, so that the fence and the deadline are looked at between.
"""

import io
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from functools import partial
from typing import Protocol

from outlast.inputs.compressed import Stage
from outlast.inputs.converters import reads_everywhere, stages_of, whole_file
from outlast.inputs.reading import Reading, Wanted
from outlast.inputs.stages import feed_all, finish_all
from outlast.inputs.types import BadInput
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


async def copied(
    posted: PostedFile, reading: Reading, wanted: Wanted, in_thread: InThread, max_bytes: int
) -> AsyncIterator[bytearray]:
    """The copy, piece by piece. Raises BadInput when the input is damaged, or has or makes more than `max_bytes`."""
    stages, size = stages_of(reading, max_bytes), await posted.size()
    if not reading.compression and size > max_bytes:
        text = f"The input has {size:,} bytes and {max_bytes:,} can be copied, as {reading.format} must be"
        raise BadInput("body", f"{text} in this encoding. Send it in parts, or as CSV or JSON Lines in UTF-8.")
    if reads_everywhere(reading):
        opened = io.BufferedReader(RangedFile(size, posted.read_now), BUFFER)
        pieces = whole_file(opened, reading, wanted, max_bytes)
        async for piece in _batches(lambda: _through(stages, pieces), in_thread):
            yield piece
        return
    offset = 0
    while offset < size:
        data = await posted.read(offset, PIECE)
        offset += len(data)
        async for piece in _batches(partial(feed_all, stages, data), in_thread):
            yield piece
    async for piece in _batches(partial(finish_all, stages), in_thread):
        yield piece


def _through(stages: Sequence[Stage], pieces: Iterator[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        yield from feed_all(stages, piece)
    yield from finish_all(stages)


async def _batches(make: Callable[[], Iterator[bytes]], in_thread: InThread) -> AsyncIterator[bytearray]:
    """What the iterator yields, some megabytes at a time."""
    pieces = make()
    while batch := await in_thread(partial(_batch, pieces)):
        yield batch


def _batch(pieces: Iterator[bytes]) -> bytearray:
    found = bytearray()
    for piece in pieces:
        found += piece
        if len(found) >= BATCH:
            break
    return found
