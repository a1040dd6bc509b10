"""SHA-256 of bytes as they pass, so that no hash costs a second reading of the data."""

import hashlib
from collections.abc import Iterable
from functools import partial
from typing import Any, NamedTuple, Protocol

from outlast.staging.parsed import InThread


class Stretch(NamedTuple):
    """The hash of so many bytes that follow each other. A hash cannot be carried from one call to the next, so an input
    that is read in several calls has a stretch of each."""

    bytes: int
    sha256: str


class Source(Protocol):
    """What is read and hashed."""

    async def size(self) -> int: ...
    async def read(self, offset: int, length: int) -> bytes: ...


class HashedFile:
    """Reads a file and hashes what passes from byte `begin` on. What is read twice is hashed once."""

    def __init__(self, file: Source, in_thread: InThread | None = None, begin: int = 0) -> None:
        self._file, self._in_thread = file, in_thread
        self._begin = self._position = begin
        self._hash: Any = hashlib.sha256()

    @property
    def stretch(self) -> Stretch:
        return Stretch(self._position - self._begin, self._hash.hexdigest())

    async def size(self) -> int:
        return await self._file.size()

    async def read(self, offset: int, length: int) -> bytes:
        """At most `length` bytes. The bytes between what is hashed and `offset` must have been read before."""
        data = await self._file.read(offset, length)
        known = self._position - offset
        if 0 <= known < len(data):
            update = partial(self._hash.update, memoryview(data)[known:])
            if self._in_thread is None:
                update()
            else:
                await self._in_thread(update)
            self._position = offset + len(data)
        return data


def joined(before: list[Stretch], last: Stretch) -> list[Stretch]:
    """The stretches of all calls. A call whose bytes had passed in the one before adds none."""
    return [*before, last] if last.bytes or not before else before


def chained(before: str, hashes: Iterable[str]) -> str:
    """The hash of a sequence of hashes, one after another: SHA-256 of the text of the hash so far and the next one.

    It can be carried on from call to call; "" is its beginning.
    """
    for one in hashes:
        before = hashlib.sha256((before + one).encode()).hexdigest()
    return before
