"""A web server with limits of time for heads and idle connections, and one log line for requests that are not HTTP."""

import asyncio
import ipaddress
import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

HEAD_SECONDS = 20.0  # in which a request's head must arrive, or the next request must begin
COMPLAINT_SECONDS = 10.0  # between two log lines about requests that are not HTTP
UNREADABLE = "The request cannot be read as HTTP.\n"

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class Complaints:
    """Logs a frequent event at most once in COMPLAINT_SECONDS, with the number of events since the last line."""

    def __init__(self, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._say = say
        self._clock = clock
        self._next = 0.0
        self._unsaid = 0

    def add(self, text: str) -> None:
        """Log the text, or count it if the last line is too recent."""
        if self._clock() < self._next:
            self._unsaid += 1
            return
        more = f" {self._unsaid} more since the last such line." if self._unsaid else ""
        self._next, self._unsaid = self._clock() + COMPLAINT_SECONDS, 0
        self._say(text + more)


class BoundedServer(web.Server):
    """Closes a connection whose request does not arrive in time, and limits the size of bodies."""

    def __init__(self, handler: Handler, *, body_limit: int, say: Callable[[str], None], **options: Any) -> None:
        super().__init__(handler, access_log=None, keepalive_timeout=HEAD_SECONDS, **options)
        self._body_limit = body_limit
        self._heads: dict[Any, asyncio.TimerHandle] = {}
        self.complaints = Complaints(say)

    def __call__(self) -> RequestHandler:
        """Make the protocol of one connection."""
        return _Connection(self, loop=asyncio.get_running_loop(), **self._kwargs)

    def connection_made(self, handler: Any, transport: asyncio.Transport) -> None:
        """Start the time for the first head."""
        super().connection_made(handler, transport)
        self._heads[handler] = asyncio.get_running_loop().call_later(HEAD_SECONDS, transport.abort)

    def connection_lost(self, handler: Any, exc: BaseException | None = None) -> None:
        """Stop the time for the first head."""
        self._heads.pop(handler).cancel()
        super().connection_lost(handler, exc)

    def _make_request(
        self, message: Any, payload: Any, protocol: Any, writer: Any, task: asyncio.Task[None]
    ) -> web.BaseRequest:
        self._heads[protocol].cancel()  # from here on the server's own limit for idle connections holds
        loop = asyncio.get_running_loop()
        return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=self._body_limit)


def named_host(raw: web.BaseRequest) -> str | None:
    """Return the Host header without its port: empty without the header, None if it cannot be parsed."""
    try:
        return urlsplit(f"//{raw.headers.get('Host', '')}").hostname or ""
    except ValueError:
        return None


def is_address(name: str) -> bool:
    """Return whether this is an IP address."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


class _Connection(RequestHandler):
    """One connection. aiohttp itself would log a request that it cannot parse with its line, and so with its key."""

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Return the answer to a request that is not HTTP. A client that has gone is not logged."""
        if isinstance(exc, ConnectionError):
            return web.Response(status=400)  # nobody reads it
        if status >= 500:
            return super().handle_error(request, status, exc, message)
        server = self._manager
        if isinstance(server, BoundedServer):
            server.complaints.add(f"A request from {request.remote} cannot be read as HTTP ({type(exc).__name__}).")
        response = web.Response(status=status, text=UNREADABLE)
        response.force_close()
        return response
