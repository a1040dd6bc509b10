"""Reads the bodies of requests within bounds. A long body is kept in a file until there is room for it in memory."""

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


class Refusal(Exception):
    """A body that is not accepted, with the status and text of the answer."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


class Bodies:
    """The bodies of one listener's requests."""

    def __init__(self, folder: Path | None = None) -> None:
        """Long bodies are kept in `folder` while they arrive, in files without a name."""
        self._folder = str(folder) if folder else None
        self._arrived = 0
        self._loaded = 0
        self._freed = asyncio.Condition()

    @asynccontextmanager
    async def received(self, raw: web.BaseRequest) -> AsyncIterator[bytes]:
        """Yield the whole body of a request; raise Refusal. The body counts as in memory until the block ends."""
        if (raw.content_length or 0) > BODY_LIMIT:
            raise _too_large()
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

    async def _arrive(self, raw: web.BaseRequest, arrival: "_Arrival") -> None:
        try:
            async with asyncio.timeout(BODY_SECONDS):
                while chunk := await raw.content.readany():
                    self._take(chunk, arrival)
        except TimeoutError:
            raise Refusal(408, "The body did not arrive in time.\n") from None
        except (BadHttpMessage, ClientPayloadError):
            raise Refusal(400, "The body cannot be read as HTTP.\n") from None
        except ConnectionError:
            raise
        except OSError as error:
            raise Refusal(503, f"There is no room for the body: {error}.\n") from error

    def _take(self, chunk: bytes, arrival: "_Arrival") -> None:
        if arrival.size + len(chunk) > BODY_LIMIT:
            raise _too_large()
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


def _too_large() -> Refusal:
    return Refusal(413, f"A body may have {BODY_LIMIT} bytes.\n")
