"""Reads the bodies of requests within bounds. A long body is kept in a file until there is room for it in memory, or
until its function has ended, where that reads it as a stream."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from aiohttp import ClientPayloadError, web
from aiohttp.http_exceptions import BadHttpMessage

BODY_LIMIT = 100 * 1024 * 1024  # bytes, as on Azure
BODY_SECONDS = 230.0  # Azure's own limit for a whole request
MEMORY_LIMIT = 1024 * 1024  # bytes of a body that stay in memory while it arrives; a longer one is in a file
ARRIVING_LIMIT = 2 * 1024 * 1024 * 1024  # bytes of all bodies together that have arrived and are not answered
LOADED_LIMIT = 128 * 1024 * 1024  # bytes of all bodies together that functions are given at a time
STREAMED_LIMIT = 5 * 1024 * 1024 * 1024  # bytes of a body that its function reads as a stream
STREAMED_SECONDS = 3600.0  # in which such a body must arrive
WRITTEN_AT_ONCE = 1024 * 1024  # bytes of such a body that are in memory while it arrives
SPOOLED = "body-"  # how the names of such files begin


class Refusal(Exception):
    """A body that is not accepted, with the status and text of the answer."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


class Bodies:
    """The bodies of one listener's requests."""

    def __init__(self, folder: Path | None = None) -> None:
        """Long bodies are kept in `folder` while they arrive, in files without a name.

        Those that are read as streams have names. What a host that was killed has left of them is deleted.
        """
        self._folder = str(folder) if folder else None
        for left in folder.glob(f"{SPOOLED}*") if folder else ():
            left.unlink(missing_ok=True)
        self._arrived = 0
        self._loaded = 0
        self._freed = asyncio.Condition()

    @asynccontextmanager
    async def received(self, raw: web.BaseRequest) -> AsyncIterator[bytes]:
        """Yield the whole body of a request; raise Refusal. The body counts as in memory until the block ends."""
        if (raw.content_length or 0) > BODY_LIMIT:
            raise _too_large(BODY_LIMIT)
        if not raw.can_read_body:
            yield b""
            return
        with tempfile.SpooledTemporaryFile(MEMORY_LIMIT, dir=self._folder) as file:
            arrival = _Arrival(file)
            try:
                await self._arrive(raw, arrival)
                async with self._room(arrival.size):
                    file.seek(0)
                    yield file.read()
            finally:
                self._arrived -= arrival.size

    @asynccontextmanager
    async def streamed(self, raw: web.BaseRequest) -> AsyncIterator[Path]:
        """Yield a file with the whole body of a request, which is deleted when the block ends; raise Refusal."""
        if (raw.content_length or 0) > STREAMED_LIMIT:
            raise _too_large(STREAMED_LIMIT)
        with tempfile.NamedTemporaryFile(dir=self._folder, prefix=SPOOLED) as file:
            async with _in_bounds(STREAMED_SECONDS):
                await _write(raw, file)
            yield Path(file.name)

    async def _arrive(self, raw: web.BaseRequest, arrival: "_Arrival") -> None:
        async with _in_bounds(BODY_SECONDS):
            while chunk := await raw.content.readany():
                self._take(chunk, arrival)

    def _take(self, chunk: bytes, arrival: "_Arrival") -> None:
        if arrival.size + len(chunk) > BODY_LIMIT:
            raise _too_large(BODY_LIMIT)
        if self._arrived + len(chunk) > ARRIVING_LIMIT:
            raise Refusal(503, "Too many bodies are arriving. Try again in a while.\n")
        arrival.size += len(chunk)
        self._arrived += len(chunk)
        arrival.file.write(chunk)

    @asynccontextmanager
    async def _room(self, size: int) -> AsyncIterator[None]:
        """Wait until so many bytes may be in memory. A single body always may, however long it is."""
        async with self._freed:
            await self._freed.wait_for(lambda: not self._loaded or self._loaded + size <= LOADED_LIMIT)
            self._loaded += size
        try:
            yield
        finally:
            async with self._freed:
                self._loaded -= size
                self._freed.notify_all()


@dataclass
class _Arrival:
    """A body that is arriving."""

    file: IO[bytes]
    size: int = 0


@asynccontextmanager
async def _in_bounds(seconds: float) -> AsyncIterator[None]:
    """Raise Refusal for what may go wrong while a body arrives."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise Refusal(408, "The body did not arrive in time.\n") from None
    except (BadHttpMessage, ClientPayloadError):
        raise Refusal(400, "The body cannot be read as HTTP.\n") from None
    except ConnectionError:
        raise
    except OSError as error:
        raise Refusal(503, f"There is no room for the body: {error}.\n") from error


async def _write(raw: web.BaseRequest, file: IO[bytes]) -> None:
    """Write a body into a file as it arrives, in a thread: a disk may be slower than the network."""
    size, waiting = 0, bytearray()
    while chunk := await raw.content.readany():
        size += len(chunk)
        if size > STREAMED_LIMIT:
            raise _too_large(STREAMED_LIMIT)
        waiting += chunk
        if len(waiting) >= WRITTEN_AT_ONCE:
            await asyncio.to_thread(file.write, waiting)
            waiting = bytearray()
    await asyncio.to_thread(file.write, waiting)
    await asyncio.to_thread(file.flush)


def _too_large(limit: int) -> Refusal:
    return Refusal(413, f"A body may have {limit} bytes.\n")
