"""The host's web server. It checks the head of a request, reads the body within bounds, and calls a handler."""

import asyncio
import socket
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

from aiohttp import web

from local.host.http.bodies import BODY_LIMIT, Bodies, Refusal
from local.host.http.reply import Reply, Request
from local.host.http.routes import query_of
from local.host.options import Unsuitable
from local.host.storage.database import Unusable
from local.http_server import BoundedServer, is_address, named_host

EVERYWHERE = {"0.0.0.0", "::", ""}


@dataclass(frozen=True, kw_only=True)
class Site:
    """The handler of an address, with the checks before it."""

    guard: Callable[[web.BaseRequest], str | None]  # returns why this name or origin is refused, or None
    admit: Callable[[Request], Reply | None]  # returns the refusal of a request by its head, or None
    answer: Callable[[Request], Awaitable[Reply]]
    streams: Callable[[Request], bool] = lambda _: False  # returns whether the body stays in a file


class Listener:
    """One listening address."""

    def __init__(
        self, site: Site, *, spool: Path | None, say: Callable[[str], None], shutdown_seconds: float = 1.0
    ) -> None:
        """Long bodies are kept in the folder `spool` while they arrive. A stop waits `shutdown_seconds` for the answers
        under way."""
        self._site = site
        self._bodies = Bodies(spool)
        server = BoundedServer(self._handle, body_limit=BODY_LIMIT, say=say, auto_decompress=False)
        self._runner = web.ServerRunner(server, shutdown_timeout=shutdown_seconds)
        self.port = 0
        self._bind = ""

    async def start(self, bind: str, port: int) -> None:
        """Listen; raise Unsuitable if the address is in use or does not belong to this machine."""
        self._bind = "127.0.0.1" if bind in EVERYWHERE else bind
        await self._runner.setup()
        site = web.TCPSite(self._runner, bind, port, reuse_address=True)
        try:
            await site.start()
        except OSError as error:
            hint = "Another port can be given with --port, 0 for any, another address with --bind."
            raise Unsuitable(f"Cannot listen on {bind}:{port}: {error}. {hint}") from error
        server = site._server
        assert isinstance(server, asyncio.Server)
        self.port = server.sockets[0].getsockname()[1]

    async def answers(self, path: str) -> None:
        """Wait until a request is answered; raise OSError if none is."""
        reader, writer = await asyncio.open_connection(self._bind if is_address(self._bind) else "127.0.0.1", self.port)
        try:
            writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
            if b" 200 " not in await reader.readline():
                raise OSError(f"the host's own request for {path} was not answered")
        finally:
            writer.close()

    async def stop(self) -> None:
        """Close the address and its connections."""
        await self._runner.cleanup()

    async def _handle(self, raw: web.BaseRequest) -> web.StreamResponse:
        refusal = self._site.guard(raw)
        if refusal is not None:
            return web.Response(status=403, text=refusal + "\n")
        if not _is_text(raw):
            return web.Response(status=400, text="An address or a header is not UTF-8.\n")
        head = _request(raw)
        refused = self._site.admit(head)
        return _response(refused) if refused is not None else await self._handle_admitted(raw, head)

    async def _handle_admitted(self, raw: web.BaseRequest, head: Request) -> web.StreamResponse:
        try:
            await _invite(raw)
            if self._site.streams(head):
                async with self._bodies.streamed(raw) as file:
                    return _response(await self._site.answer(replace(head, file=file)))
            async with self._bodies.received(raw) as body:
                return _response(await self._site.answer(replace(head, body=body)))
        except Refusal as refusal:
            return web.Response(status=refusal.status, text=refusal.text)
        except (Unusable, sqlite3.Error) as error:
            return web.Response(status=503, text=f"The host's data cannot be used any more: {error}.\n")


def _is_text(raw: web.BaseRequest) -> bool:
    """Return whether the head is UTF-8. aiohttp has half a surrogate pair for each byte that is not."""
    texts = (raw.raw_path, *(text for header in raw.headers.items() for text in header))
    return all(text.isascii() or not any("\ud800" <= c <= "\udfff" for c in text) for text in texts)


def _response(reply: Reply) -> web.StreamResponse:
    response = web.Response(status=reply.status, body=reply.body or None)
    for name, value in reply.headers:
        response.headers.add(name, value)
    return response


async def _invite(raw: web.BaseRequest) -> None:
    """Send 100 Continue to a client that asks for it, because the client waits for it before it sends the body."""
    if raw.headers.get("Expect", "").lower() == "100-continue":
        await raw.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        raw.writer.output_size = 0  # the reply has not begun


def from_outside(bind: str, *, keys: bool = True) -> Callable[[web.BaseRequest], str | None]:
    """Return a guard for the public address. It accepts only names that nobody else can point at this machine.

    Without keys it also refuses what a page of another site sends, because then nothing else would stop it.
    """

    def guard(raw: web.BaseRequest) -> str | None:
        if not keys and raw.headers.get("Sec-Fetch-Site") == "cross-site":
            return "This host asks for no keys, so pages of other sites may not call it."
        name = named_host(raw)
        ours = {"", "localhost", bind, socket.gethostname().lower()}
        if name is not None and (name in ours or name.endswith(".localhost") or is_address(name)):
            return None
        return f"This host does not answer to the name {name!r}; use 127.0.0.1 or localhost."

    return guard


def from_workers(raw: web.BaseRequest) -> str | None:
    """Guard the address of the SDK's client: refuse every request that a browser can send."""
    if named_host(raw) != "127.0.0.1" or "Origin" in raw.headers or "Sec-Fetch-Site" in raw.headers:
        return "Only the app's own durable client may call this address."
    return None


def _request(raw: web.BaseRequest) -> Request:
    """Convert the head of a request."""
    path, _, query = raw.raw_path.partition("?")
    headers: dict[str, str] = {}
    for name, value in raw.headers.items():
        key = name.lower()
        headers[key] = f"{headers[key]},{value}" if key in headers else value
    return Request(
        method=raw.method,
        origin=f"{raw.scheme}://{raw.host}",
        path=path,
        query_text=query,
        query=query_of(query),
        headers=headers,
        body=b"",
    )
