"""Bytes that are no request get a clear error or a closed connection, and other connections are served."""

import asyncio
import errno
import json
import resource
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from email.utils import formatdate
from pathlib import Path

import pytest

from local.cosmos import EMULATOR_KEY, server, wire
from local.cosmos.gateway import Gateway
from local.cosmos.messages import Request, Response
from tests.contract.cosmos_emulator.clients import Raw
from tests.unit.local.cosmos.emulating import new_server

Talk = Callable[[int], Awaitable[None]]
PING = b"GET /_control/ HTTP/1.1\r\nhost: localhost\r\n\r\n"


def served(talk: Talk, data_dir: Path | None = None) -> None:
    """Run a conversation with a server in this process."""

    async def run() -> None:
        async with new_server(data_dir=data_dir) as server:
            await asyncio.wait_for(talk(server.port), 20)

    asyncio.run(run())


async def exchange(port: int, data: bytes, *, end: bool = False) -> bytes:
    """Send bytes; return all bytes that come back until the connection closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(data)
        if end:
            writer.write_eof()
        return await reader.read()
    finally:
        writer.close()


GARBAGE = {
    "noise": (b"\x00\x01\x02\xff" * 10, 400),
    "tls": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    "no version": (b"GET /\r\n\r\n", 400),
    "another protocol": (b"GET / SPDY/3\r\n\r\n", 400),
    "a broken header": (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
    "a space in a name": (b"GET / HTTP/1.1\r\nx : 1\r\n\r\n", 400),
    "a length that is none": (b"POST /dbs HTTP/1.1\r\ncontent-length: many\r\n\r\n", 400),
    "a negative length": (b"POST /dbs HTTP/1.1\r\ncontent-length: -5\r\n\r\n", 400),
    "a length of thousands of digits": (b"POST /dbs HTTP/1.1\r\ncontent-length: " + b"1" * 5000 + b"\r\n\r\n", 400),
    "two hosts": (b"GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n", 400),
    "a NUL in a header": (b"GET / HTTP/1.1\r\nx: a\x00b\r\n\r\n", 400),
    "a coding after a control character": (
        b"POST /dbs HTTP/1.1\r\ntransfer-encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    "two codings": (
        b"POST /dbs HTTP/1.1\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    "a chunk size as Python writes it": (
        b"POST /dbs HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n",
        400,
    ),
    "a chunk size with a sign": (
        b"POST /dbs HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n+3\r\nabc\r\n0\r\n\r\n",
        400,
    ),
    "two lengths": (b"POST /dbs HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n{}", 400),
    "a length and chunks": (
        b"POST /dbs HTTP/1.1\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    "another coding": (b"POST /dbs HTTP/1.1\r\ntransfer-encoding: gzip\r\n\r\n", 400),
    "a lone line feed": (b"GET / HTTP/1.1\r\nx-ms-activity-id: 1\nset-cookie: 2\r\n\r\n", 400),
    "a lone carriage return": (b"GET / HTTP/1.1\r\nx-ms-activity-id: 1\rset-cookie: 2\r\n\r\n", 400),
    "a huge body": (b"POST /dbs HTTP/1.1\r\ncontent-length: 99999999999\r\n\r\n", 413),
    "a huge head": (b"GET / HTTP/1.1\r\nx: " + b"y" * wire.HEAD_LIMIT, 431),
    "a broken chunk": (b"POST /dbs HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", 400),
    "a chunk without end": (b"POST /dbs HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n1\r\nabc\r\n", 400),
    "a huge chunk": (b"POST /dbs HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nFFFFFFFF\r\n", 413),
}


@pytest.mark.parametrize(("data", "status"), GARBAGE.values(), ids=GARBAGE.keys())
def test_garbage_gets_an_error_and_a_closed_connection(data: bytes, status: int) -> None:
    """Garbage gets an error and a closed connection, and the next client is served."""

    async def talk(port: int) -> None:
        answer = await exchange(port, data, end=True)
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 %d " % status)
        assert b"connection: close" in head
        assert json.loads(body)["message"]
        assert b" 200 " in await exchange(port, PING.replace(b"host: localhost", b"connection: close"))

    served(talk)


def test_a_broken_body_is_no_harm() -> None:
    """A complete request with a senseless body leaves the connection open for the next one."""

    async def talk(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        with closing(writer):
            for _ in range(2):
                writer.write(b"POST /_control/faults HTTP/1.1\r\ncontent-length: 3\r\n\r\n{{{")
                assert b" 400 " in await reader.readline()
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
                assert b"not valid JSON" in await reader.readexactly(length)

    served(talk)


def test_requests_in_one_piece_are_answered_in_order() -> None:
    """Requests that arrive together are answered in order, and so is one that arrives byte by byte."""

    async def talk(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        with closing(writer):
            writer.write(PING * 3)
            for byte in PING:
                writer.write(bytes([byte]))
                await writer.drain()
            for _ in range(4):
                assert b" 200 " in await reader.readline()
                await reader.readuntil(b"\r\n\r\n")
                await reader.readexactly(len(b'{"paused":false}'))

    served(talk)


def test_a_thousand_requests_in_one_piece_are_answered() -> None:
    """Requests that are answered at once do not nest, however many come in one piece."""

    async def talk(port: int) -> None:
        last = b"GET /_control/ HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
        answer = await exchange(port, PING * 999 + last)
        assert answer.count(b"HTTP/1.1 200 Ok") == 1000

    served(talk)


def test_a_pipeline_leaves_room_for_others() -> None:
    """Another connection is answered before a long pipeline ends."""

    async def talk(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(PING * 20_000)
        other = await exchange(port, PING, end=True)
        assert b" 200 " in other
        first = await reader.readuntil(b"paused")
        assert b" 200 " in first
        writer.close()

    served(talk)


def test_idle_connections_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection without a request is closed after a time, also one that was used before."""
    monkeypatch.setattr(server, "IDLE_SECONDS", 0.2)

    async def talk(port: int) -> None:
        assert await exchange(port, b"") == b""
        assert (await exchange(port, PING)).startswith(b"HTTP/1.1 200 Ok")

    served(talk)


def test_chunks_and_continue_are_understood() -> None:
    """A chunked body is put together, and a client that sends Expect gets 100 Continue."""

    async def talk(port: int) -> None:
        rule = b'{"status":503,"kind":"read"}'
        chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (rule[:5], rule[5:])) + b"0\r\n\r\n"
        head = b"POST /_control/faults HTTP/1.1\r\nconnection: close\r\n"
        assert b'"status":503' in await exchange(port, head + b"transfer-encoding: chunked\r\n\r\n" + chunks)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        with closing(writer):
            writer.write(head + b"expect: 100-continue\r\ncontent-length: %d\r\n\r\n" % len(rule))
            assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
            writer.write(rule)
            assert b'"status":503' in await reader.read()

    served(talk)


@pytest.mark.parametrize("kept", [False, True], ids=["in memory", "in SQLite"])
def test_a_client_that_ends_its_side_is_answered(tmp_path: Path, kept: bool) -> None:
    """Complete requests of a client that closes its side are answered before the connection closes."""
    signer = Raw("http://127.0.0.1", EMULATOR_KEY)
    date = formatdate(usegmt=True)
    head = f"POST /dbs HTTP/1.1\r\nx-ms-date: {date}\r\nauthorization: {signer.sign('POST', '/dbs', date)}\r\n"
    writes = b"".join(b'%bcontent-length: 10\r\n\r\n{"id":"%d"}' % (head.encode(), at) for at in range(3))

    async def talk(port: int) -> None:
        answer = await exchange(port, writes, end=True)
        assert answer.count(b"HTTP/1.1 201 ") == 3
        answer = await exchange(port, writes + b"GET / HT", end=True)  # the rest of the request can never come
        assert answer.count(b"HTTP/1.1 409 ") == 3

    served(talk, tmp_path if kept else None)


def test_half_a_request_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that stays incomplete gets 408."""
    monkeypatch.setattr(wire, "HALF_REQUEST_SECONDS", 0.05)

    async def talk(port: int) -> None:
        assert (await exchange(port, PING[:20])).startswith(b"HTTP/1.1 408 ")
        assert (await exchange(port, b"POST /dbs HTTP/1.1\r\ncontent-length: 9\r\n\r\nhalf")).startswith(
            b"HTTP/1.1 408 "
        )

    served(talk)


@pytest.fixture
def many_files() -> Iterator[None]:
    """Raises the limit of open files to what 1,000 connections need at both ends."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_thousand_idle_connections_are_no_burden(many_files: None) -> None:
    """1,000 idle connections do not keep another from being served."""

    async def talk(port: int) -> None:
        idle = [socket.create_connection(("127.0.0.1", port)) for _ in range(1000)]
        try:
            assert b" 200 " in await exchange(port, PING.replace(b"host: localhost", b"connection: close"))
        finally:
            for one in idle:
                one.close()

    served(talk)


def test_a_client_that_leaves_is_no_harm(tmp_path: Path) -> None:
    """A client that leaves before its answer does no harm, and its write is whole or missing."""

    async def talk(port: int) -> None:
        for _ in range(20):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(PING)
            writer.transport.abort()
        assert b" 200 " in await exchange(port, PING.replace(b"host: localhost", b"connection: close"))

    served(talk, tmp_path)


class Gone(asyncio.Transport):
    """The transport to a client that was killed: its socket exists and accepts nothing."""

    aborted = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        pass

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        raise OSError(errno.ENOTCONN, "Transport endpoint is not connected")

    def abort(self) -> None:
        self.aborted = True


class Taking:
    """A receiver that keeps the requests it receives."""

    asked = 0

    def receive(self, connection: wire.Connection, request: Request) -> None:
        self.asked += 1

    def opened(self, connection: wire.Connection) -> None:
        pass

    def closed(self, connection: wire.Connection) -> None:
        pass


def test_an_answer_to_a_client_that_is_gone_raises_nothing() -> None:
    """An answer to a client that is gone raises nothing, so that the other answers of its commit are delivered."""

    async def run() -> None:
        receiver, client = Taking(), Gone()
        connection = wire.Connection(receiver, asyncio.get_running_loop())
        connection.connection_made(client)
        connection.data_received(PING)
        assert connection.eof_received()
        connection.send(Response(200, {}, b"{}"))
        assert (receiver.asked, client.aborted) == (1, True)
        connection.connection_lost(None)

    asyncio.run(run())


def test_a_failure_inside_is_no_traceback(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """A failure inside the emulator returns 500 without details and logs the traceback."""
    monkeypatch.setattr(Gateway, "_serve", lambda self, exchange: 1 / 0)
    monkeypatch.setattr("local.cosmos.auth.Authorizer.check", lambda *_: None)

    async def talk(port: int) -> None:
        answer = await exchange(port, b"GET /dbs HTTP/1.1\r\nconnection: close\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 500 ")
        assert b"ZeroDivisionError" not in answer
        assert b"Traceback" not in answer

    served(talk)
    assert "ZeroDivisionError" in caplog.text
