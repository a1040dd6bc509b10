"""The inflated copy of a gzipped input, in pieces of one length, so that a call can leave the rest to the next one."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import orjson

from outlast.errors import Permanent
from outlast.models import Bytes
from outlast.staging.paths import inflated_path, piece_path
from outlast.staging.store import Staging

Enough = Callable[[], Awaitable[bool]]
PIECE = 4 * 1024 * 1024
"""Bytes of every piece but the last. Runs under way have pieces of this length, so it cannot change. A piece that is
being put is in memory three times."""


@dataclass(frozen=True, slots=True)
class InflatedFile:
    """Read by byte range, as if it were one file."""

    staging: Staging
    run: str
    file: int = 0
    """The number of the file, of several."""

    async def find_size(self) -> int | None:
        """Bytes of the whole copy, None while pieces of it are missing."""
        data = await self.staging.get(inflated_path(self.run, self.file))
        return None if data is None else int(orjson.loads(data)["size"])

    async def find_sha256(self) -> str | None:
        """The hash of the file as it was sent; None where it did not pass in one piece, or is not copied yet."""
        data = await self.staging.get(inflated_path(self.run, self.file))
        return None if data is None else orjson.loads(data).get("sha256")

    async def size(self) -> int:
        """Bytes of the whole copy. Raises Permanent when it is missing."""
        if (size := await self.find_size()) is None:
            raise Permanent(f"the inflated input of run {self.run} is missing; it has been deleted: start a new run")
        return size

    async def read(self, offset: int, length: int) -> bytes:
        """At most `length` bytes, fewer at the end of the input."""
        size = await self.size()
        end, found = min(size, offset + length), bytearray()
        while offset < end:
            number, start = divmod(offset, PIECE)
            found += await self.staging.get_range(
                piece_path(self.run, number, self.file), start, min(PIECE - start, end - offset)
            )
            offset = min(end, (number + 1) * PIECE)
        return bytes(found)

    async def stage(
        self, content: AsyncIterator[Bytes], enough: Enough, sha256: Callable[[], str | None] = lambda: None
    ) -> bool:
        """Stage the pieces that are missing; return whether the copy is whole. `sha256` is asked at the end for the
        hash of the file as it was sent.

        `enough` is asked after each piece that is staged. So a call stages one piece at least, however long it takes
        to come to it: a gzip stream is read from its beginning each time.
        """
        staged, size = await self._count(), 0
        async for number, piece in _pieces(content):
            size += len(piece)
            if number >= staged:
                await self.staging.put(piece_path(self.run, number, self.file), piece)
                if await enough():
                    return False
        await self.staging.put(inflated_path(self.run, self.file), orjson.dumps({"size": size, "sha256": sha256()}))
        return True

    async def _count(self) -> int:
        """How many pieces are staged, from the first on."""
        number = 0
        while await self.staging.size(piece_path(self.run, number, self.file)) is not None:
            number += 1
        return number


async def _pieces(content: AsyncIterator[Bytes]) -> AsyncIterator[tuple[int, bytearray]]:
    """The pieces by their numbers. What is yielded is not copied: a copy would take as much memory again."""
    number, waiting = 0, bytearray()
    async for data in content:
        waiting += data
        while len(waiting) >= PIECE:
            rest = waiting[PIECE:]
            del waiting[PIECE:]
            yield number, waiting
            number, waiting = number + 1, rest
    if waiting:
        yield number, waiting
