"""The host's web server: reads requests within bounds, guards them, and hands them to whoever answers."""

import asyncio
import ipaddress
import socket
import sqlite3
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from local.host.http.reply import Reply, Request
from local.host.http.routes import query_of
from local.host.options import Unsuitable
from local.host.storage.database import Unusable

EVERYWHERE = {"0.0.0.0", "::", ""}
BODY_LIMIT = 100 * 1024 * 1024  # bytes, as on Azure
BODY_SECONDS = 230.0  # Azure's own limit for a whole request
HEAD_SECONDS = 20.0  # in which a request's head must have come, or the next on the same connection begun

Answer = Callable[[Request], Awaitable[Reply]]


class _Server(web.Server):
    """Cuts off whoever connects and does not send a request's head in time, and bounds its body."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._heads: dict[Any, asyncio.TimerHandle] = {}

    def connection_made(self, handler: Any, transport: asyncio.Transport) -> None:
        """The time runs from the first moment."""
        super().connection_made(handler, transport)
        self._heads[handler] = asyncio.get_running_loop().call_later(HEAD_SECONDS, transport.abort)

    def connection_lost(self, handler: Any, exc: BaseException | None = None) -> None:
        """Nothing is left to be cut off."""
        self._heads.pop(handler).cancel()
        super().connection_lost(handler, exc)

    def _make_request(
        self, message: Any, payload: Any, protocol: Any, writer: Any, task: asyncio.Task[None]
    ) -> web.BaseRequest:
        self._heads[protocol].cancel()  # from here on the server's own limit for idle connections holds
        loop = asyncio.get_running_loop()
        return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=BODY_LIMIT)


class Listener:
    """One listening address and what answers there."""

    def __init__(
        self, answer: Answer, *, guard: Callable[[web.BaseRequest], str | None], shutdown_seconds: float = 1.0
    ) -> None:
        """`shutdown_seconds` is how long a stop waits for the answers under way."""
        self._answer = answer
        self._guard = guard
        self._server = _Server(
            self._handle,
            access_log=None,
            keepalive_timeout=HEAD_SECONDS,
            auto_decompress=False,  # a function gets the bytes that were sent
        )
        self._runner = web.ServerRunner(self._server, shutdown_timeout=shutdown_seconds)
        self.port = 0
        self._bind = ""

    async def start(self, bind: str, port: int) -> None:
        """Listens; raises Unsuitable when the address is taken, or none of this machine's."""
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
        """Returns when a request has been answered; raises OSError when none is."""
        reader, writer = await asyncio.open_connection(self._bind if _is_ip(self._bind) else "127.0.0.1", self.port)
        try:
            writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
            if b" 200 " not in await reader.readline():
                raise OSError(f"the host's own request for {path} was not answered")
        finally:
            writer.close()

    async def stop(self) -> None:
        """Closes the address and its connections."""
        await self._runner.cleanup()

    async def _handle(self, raw: web.BaseRequest) -> web.StreamResponse:
        refusal = self._guard(raw)
        if refusal is not None:
            return web.Response(status=403, text=refusal + "\n")
        try:
            async with asyncio.timeout(BODY_SECONDS):
                await _invite(raw)
                body = await raw.read()
        except TimeoutError:
            return web.Response(status=408, text="The body did not arrive in time.\n")
        except web.HTTPRequestEntityTooLarge:
            return web.Response(status=413, text=f"A body may have {BODY_LIMIT} bytes.\n")
        try:
            reply = await self._answer(_request(raw, body))
        except (Unusable, sqlite3.Error) as error:
            return web.Response(status=503, text=f"The host's data cannot be used any more: {error}.\n")
        response = web.Response(status=reply.status, body=reply.body or None)
        for name, value in reply.headers:
            response.headers.add(name, value)
        return response


async def _invite(raw: web.BaseRequest) -> None:
    """A client that asks whether it may send its body would otherwise wait for its own patience to end."""
    if raw.headers.get("Expect", "").lower() == "100-continue":
        await raw.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        raw.writer.output_size = 0  # the reply has not begun


def from_outside(bind: str) -> Callable[[web.BaseRequest], str | None]:
    """Guards the public address: only names that nobody else can make point here."""

    def guard(raw: web.BaseRequest) -> str | None:
        name = urlsplit(f"//{raw.headers.get('Host', '')}").hostname or ""
        if name in {"", "localhost", bind, socket.gethostname().lower()} or name.endswith(".localhost") or _is_ip(name):
            return None
        return f"This host does not answer to the name {name!r}; use 127.0.0.1 or localhost."

    return guard


def from_workers(raw: web.BaseRequest) -> str | None:
    """Guards the address of the SDK's client, which needs no key: nothing that a browser sends may pass."""
    name = urlsplit(f"//{raw.headers.get('Host', '')}").hostname
    if name != "127.0.0.1" or "Origin" in raw.headers or "Sec-Fetch-Site" in raw.headers:
        return "Only the app's own durable client may call this address."
    return None


def _is_ip(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _request(raw: web.BaseRequest, body: bytes) -> Request:
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
        body=body,
    )
