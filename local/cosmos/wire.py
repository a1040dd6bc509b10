"""HTTP/1.1 connections over asyncio. aiohttp's server is not used, because importing it takes most of the time in which
the emulator has to be ready."""

import asyncio
from typing import Protocol

from local.cosmos.http_format import BODY_LIMIT, BadWire, encode, parse_head, read_chunks
from local.cosmos.messages import Request, Response

HEAD_LIMIT = 64 * 1024
LENGTH_DIGITS = 18
PIPELINE_LIMIT = 8 * 1024 * 1024
HALF_REQUEST_SECONDS = 30.0
LINGER_SECONDS = 2.0
TURN = 64  # requests of one connection in a row


class Receiver(Protocol):
    """Takes requests, and answers each through its connection."""

    def receive(self, connection: "Connection", request: Request) -> None:
        """Takes one request."""

    def opened(self, connection: "Connection") -> None:
        """Called by a new connection."""

    def closed(self, connection: "Connection") -> None:
        """Called by a closed connection."""


class Connection(asyncio.Protocol):
    """One connection: one request at a time, in order."""

    def __init__(self, receiver: Receiver, loop: asyncio.AbstractEventLoop) -> None:
        self._receiver = receiver
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._busy = False
        self._closing = False
        self._close_after = False
        self._ended = False  # by the client
        self._timer: asyncio.TimerHandle | None = None
        self._continued = False
        self._head_only = False  # the current request is a HEAD
        self._advancing = False
        self._quiet_since = loop.time()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the loop."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._receiver.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the loop."""
        self._stop_timer()
        self._transport = None
        self._receiver.closed(self)

    def data_received(self, data: bytes) -> None:
        """Called by the loop."""
        if self._closing:
            return  # unread bytes would make the system reset the connection and lose the last answer
        self._buffer += data
        self._quiet_since = self._loop.time()
        if len(self._buffer) > PIPELINE_LIMIT:
            self.abort()
        elif not self._busy:
            self._advance()

    def eof_received(self) -> bool:
        """Called by the loop when the client closes its side. It may still wait for an answer."""
        self._ended = True
        secure = self._transport is not None and self._transport.get_extra_info("sslcontext") is not None
        return self._busy and not secure  # TLS has no half-closed connections

    def send(self, response: Response) -> None:
        """Answers the current request, then takes the next one."""
        if self._transport is None:
            return
        answer = encode(response, close=self._close_after)
        self._transport.write(answer[: len(answer) - len(response.body)] if self._head_only else answer)
        self._busy = False
        self._quiet_since = self._loop.time()
        if self._close_after or (self._ended and not self._buffer):
            self._shut()
        elif self._buffer:
            self._advance()

    def abort(self) -> None:
        """Closes the connection at once."""
        if self._transport is not None:
            self._transport.abort()

    def close_if_idle(self, since: float) -> None:
        """Closes the connection where it has been without a request since a time of the loop's clock."""
        if not (self._busy or self._closing or self._buffer) and self._quiet_since <= since:
            self._shut()

    def _advance(self) -> None:
        """Takes the waiting requests one after the other. An answer that comes at once calls this method again, so it
        loops instead of nesting. After TURN requests other connections have theirs."""
        if self._advancing:
            return
        self._advancing = True
        for _ in range(TURN):
            self._take()
            if self._busy or self._closing or not self._buffer or self._timer is not None:
                break
        else:
            self._loop.call_soon(self._resume)
        self._advancing = False

    def _resume(self) -> None:
        if not self._busy and not self._closing and self._buffer:
            self._advance()

    def _take(self) -> None:
        try:
            request = self._next()
            if request is None and self._ended:
                raise BadWire(400, "The request is not complete.")
        except BadWire as error:
            self._refuse(error)
            return
        if request is None:
            self._start_timer()
            return
        self._stop_timer()
        self._busy = True
        self._head_only = request.method == "HEAD"
        self._receiver.receive(self, request)

    def _next(self) -> Request | None:
        """The next request; None while it is incomplete."""
        end = self._buffer.find(b"\r\n\r\n", 0, HEAD_LIMIT)
        if end < 0:
            if len(self._buffer) >= HEAD_LIMIT:
                raise BadWire(431, "The request head is too large.")
            if self._buffer and not self._buffer[:1].isalpha():
                raise BadWire(400, "The request is not HTTP.")
            return None
        request = parse_head(bytes(self._buffer[:end]))
        body = self._body(request, end + 4)
        if body is None:
            self._expect(request)
            return None
        self._continued = False
        request.body, taken = body
        del self._buffer[:taken]
        self._close_after = self._close_after or request.headers.get("connection", "").lower() == "close"
        return request

    def _body(self, request: Request, start: int) -> tuple[bytes, int] | None:
        coding = request.headers.get("transfer-encoding")
        if coding is not None:
            if coding.lower() != "chunked" or "content-length" in request.headers:
                raise BadWire(400, "The Transfer-Encoding has to be chunked, without a Content-Length.")
            return read_chunks(self._buffer, start)
        length = request.headers.get("content-length", "0")
        if not (length.isascii() and length.isdecimal() and len(length) <= LENGTH_DIGITS):
            raise BadWire(400, "The Content-Length is not a number.")
        if int(length) > BODY_LIMIT:
            raise BadWire(413, "Request size is too large")
        end = start + int(length)
        if len(self._buffer) < end:
            return None
        with memoryview(self._buffer) as view:
            return bytes(view[start:end]), end

    def _expect(self, request: Request) -> None:
        if self._transport is not None and not self._continued and "expect" in request.headers:
            self._continued = True
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _refuse(self, error: BadWire) -> None:
        body = b'{"code":"BadRequest","message":"%b"}' % str(error).encode()
        if self._transport is not None:
            response = Response(error.status, {"content-type": "application/json"}, body)
            self._transport.write(encode(response, close=True))
        self._shut()

    def _shut(self) -> None:
        """Closes this side, and gives the client LINGER_SECONDS to read the last answer."""
        self._closing = True
        self._buffer.clear()
        self._stop_timer()
        if self._transport is not None and self._transport.can_write_eof():
            try:
                self._transport.write_eof()
            except OSError:  # the client is gone; an exception would stop the delivery of other answers
                self._transport.abort()
        self._timer = self._loop.call_later(LINGER_SECONDS, self.abort)

    def _start_timer(self) -> None:
        if self._timer is None and self._buffer:
            self._timer = self._loop.call_later(HALF_REQUEST_SECONDS, self._too_slow)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_slow(self) -> None:
        self._timer = None
        self._refuse(BadWire(408, f"The request was not complete after {HALF_REQUEST_SECONDS:.0f} seconds."))
