"""The limits and guards of the web server."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from local.host.http import server
from local.host.http.reply import Reply, Request, empty
from local.host.http.server import Listener, from_outside, from_workers

Guard = Callable[..., str | None]


async def accept(_: Request) -> Reply:
    """Answer whatever passes the guards."""
    return empty(200)


def talked(guard: Guard, talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[bytes]]) -> bytes:
    """Return what a client gets that writes to a listener by hand."""

    async def run() -> bytes:
        listener = Listener(accept, guard=guard)
        await listener.start("127.0.0.1", 0)
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
        try:
            return await asyncio.wait_for(talk(reader, writer), 10)
        finally:
            writer.close()
            await listener.stop()

    return asyncio.run(run())


def status(guard: Guard, *headers: str) -> int:
    """Return the status of a request with these headers."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write("\r\n".join(["GET /x HTTP/1.1", *headers, "", ""]).encode())
        return await reader.readline()

    return int(talked(guard, talk).split()[1])


@pytest.mark.parametrize("header", ["Origin: http://evil.example", "Sec-Fetch-Site: cross-site"])
def test_the_workers_address_refuses_browsers(header: str) -> None:
    """The workers' address, which needs no key, refuses every request that a foreign page can make a browser send."""
    assert status(from_workers, "Host: 127.0.0.1:1") == 200
    assert status(from_workers, "Host: 127.0.0.1:1", header) == 403
    assert status(from_workers, "Host: localhost:1") == 403


def test_a_host_bound_to_the_network_answers_to_its_name() -> None:
    """A host with a name on the network serves requests to that name and refuses those to another."""
    assert status(from_outside("myhost"), "Host: myhost:7071") == 200
    assert status(from_outside("myhost"), "Host: yourhost:7071") == 403


def test_a_client_that_sends_nothing_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection on which the head of a request stays incomplete is closed."""
    monkeypatch.setattr(server, "HEAD_SECONDS", 0.05)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(b"GET /x HTTP/1.1\r\nHost: local")
        return await reader.read()

    assert talked(from_outside("127.0.0.1"), talk) == b""


def test_a_body_that_does_not_arrive_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request whose body does not arrive gets 408."""
    monkeypatch.setattr(server, "BODY_SECONDS", 0.05)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(b"POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf")
        return await reader.readline()

    assert b" 408 " in talked(from_outside("127.0.0.1"), talk)


def test_a_client_that_asks_may_send_its_body() -> None:
    """A client that sends Expect: 100-continue gets 100 before its body and is then answered."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(b"POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
        invited = await reader.readuntil(b"\r\n\r\n")
        writer.write(b"body")
        return invited + await reader.readline()

    assert talked(from_outside("127.0.0.1"), talk) == b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"
