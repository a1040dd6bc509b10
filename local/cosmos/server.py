"""The emulator on a TCP port."""

import asyncio
import errno
import logging
import ssl
from types import TracebackType
from typing import Self

from local.cosmos.control_requests import CONTROL
from local.cosmos.errors import CosmosError
from local.cosmos.gateway import Gateway
from local.cosmos.messages import Request, Response
from local.cosmos.wire import Connection

log = logging.getLogger(__name__)
BACKLOG = 2048
READY_SECONDS = 10.0
IDLE_SECONDS = 75.0
"""Longer than the 15 s after which aiohttp, with which clients connect, closes its idle connections."""


class PortTakenError(Exception):
    """Another program listens on the port."""


class CosmosServer:
    """Async context manager: entering returns once the server answers a request, leaving ends it."""

    def __init__(
        self, gateway: Gateway, *, port: int = 0, bind: str = "127.0.0.1", tls: ssl.SSLContext | None = None
    ) -> None:
        self.port = port
        self._tls = tls
        gateway.emulator.scheme = "https" if tls else "http"
        self.bind = bind
        self.emulator = gateway.emulator
        self._gateway = gateway
        self._connections: set[Connection] = set()
        self._held: list[tuple[Connection, Request]] = []
        self._waiting: list[tuple[Connection, Response]] = []  # until the next commit
        self._committing = False
        self._idle = asyncio.Event()  # set while no commit runs
        self._idle.set()
        self._broken: BaseException | None = None

    @property
    def url(self) -> str:
        host = "127.0.0.1" if self.bind == "0.0.0.0" else self.bind
        return f"{self.emulator.scheme}://{host}:{self.port}"

    async def __aenter__(self) -> Self:
        """Listens, and sends itself a request."""
        self._loop = asyncio.get_running_loop()
        try:
            self._server = await self._loop.create_server(
                lambda: Connection(self, self._loop), self.bind, self.port, backlog=BACKLOG, ssl=self._tls
            )
        except OSError as error:
            self.emulator.close()
            if error.errno == errno.EADDRINUSE:
                raise PortTakenError(f"port {self.port} is taken: choose another with --port") from error
            raise
        self.port = self._server.sockets[0].getsockname()[1]
        await asyncio.wait_for(self._ask_itself(), READY_SECONDS)
        self._sweep = self._loop.call_later(IDLE_SECONDS / 4, self._close_idle)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Refuses new connections, waits for the commits, closes the old connections, and then the file."""
        self._server.close()
        self._sweep.cancel()
        await self._idle.wait()
        for connection in list(self._connections):
            connection.abort()
        self.emulator.close()

    def opened(self, connection: Connection) -> None:
        """Called by a new connection."""
        self._connections.add(connection)

    def closed(self, connection: Connection) -> None:
        """Called by a closed connection."""
        self._connections.discard(connection)

    def receive(self, connection: Connection, request: Request) -> None:
        """Answers a request, or holds it during a pause."""
        if self.emulator.paused and not request.path.startswith(f"/{CONTROL}"):
            self._held.append((connection, request))
            return
        response = self._answer(request)
        if response.delay:
            self._loop.call_later(response.delay, self._send_when_durable, connection, response)
        else:
            self._send_when_durable(connection, response)
        if self._held and not self.emulator.paused:
            held, self._held = self._held, []
            for one in held:
                self._loop.call_soon(self.receive, *one)

    def _close_idle(self) -> None:
        since = self._loop.time() - IDLE_SECONDS
        for connection in list(self._connections):
            connection.close_if_idle(since)
        self._sweep = self._loop.call_later(IDLE_SECONDS / 4, self._close_idle)

    def _answer(self, request: Request) -> Response:
        if self._broken is not None:
            return CosmosError(500, f"The emulator cannot keep writes any more: {self._broken}").response()
        try:
            return self._gateway.answer(request)
        except Exception:
            log.exception("%s %s failed inside the emulator", request.method, request.path)
            return CosmosError(500, "The emulator failed; its log says why.").response()

    def _send_when_durable(self, connection: Connection, response: Response) -> None:
        """Sends a response once all writes that it may show are durable."""
        if not self._committing and not self.emulator.journal.dirty:
            self._deliver(connection, response)
            return
        self._waiting.append((connection, response))
        if not self._committing:
            self._commit()

    def _commit(self) -> None:
        """Makes the waiting writes durable on another thread. Writes that come meanwhile wait for the next commit."""
        self._committing = True
        self._idle.clear()
        waiting, self._waiting = self._waiting, []
        journal = self.emulator.journal
        future = self._loop.run_in_executor(None, journal.keep, journal.take())
        future.add_done_callback(lambda done: self._committed(done, waiting))

    def _committed(self, done: "asyncio.Future[None]", waiting: list[tuple[Connection, Response]]) -> None:
        self._committing = False
        error = done.exception()
        if error is not None:
            self._broken = error
            log.error("writes cannot be kept any more, every request is refused from now on", exc_info=error)
        for connection, response in waiting:
            if error is not None:
                response = CosmosError(500, f"The write could not be kept: {error}").response()
            self._deliver(connection, response)
        if self._waiting:
            self._commit()
        else:
            self._idle.set()

    @staticmethod
    def _deliver(connection: Connection, response: Response) -> None:
        if response.reset:
            connection.abort()
        else:
            connection.send(response)

    async def _ask_itself(self) -> None:
        host = self.url.rpartition("/")[2].rpartition(":")[0]
        unchecked = ssl._create_unverified_context() if self._tls else None  # the server knows itself
        reader, writer = await asyncio.open_connection(host, self.port, ssl=unchecked)
        try:
            writer.write(b"GET /_control/ HTTP/1.1\r\nconnection: close\r\n\r\n")
            line = await reader.readline()
        finally:
            writer.close()
        if not line.startswith(b"HTTP/1.1 "):
            raise RuntimeError(f"the emulator did not answer its own request: {line!r}")
