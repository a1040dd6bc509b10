"""The limits and guards of the web server."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from local import http_server
from local.host.http import bodies
from local.host.http.reply import Reply, Request, empty
from local.host.http.server import Listener, Site, from_outside, from_workers

Guard = Callable[..., str | None]
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[bytes]]
HERE = from_outside("127.0.0.1")


async def accept(request: Request) -> Reply:
    """Answer every admitted request with the length of its body."""
    return Reply(status=200, body=str(len(request.body)).encode())


def admit(request: Request) -> Reply | None:
    """Admit every request but one for /closed."""
    return empty(401) if request.path == "/closed" else None


def talked(guard: Guard, talk: Talk, said: list[str] | None = None) -> bytes:
    """What a client gets that talks to a listener by hand."""

    async def run() -> bytes:
        site = Site(guard=guard, admit=admit, answer=accept)
        listener = Listener(site, spool=None, say=(said if said is not None else []).append)
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


def test_a_page_of_another_site_is_kept_out_where_no_keys_are_asked_for() -> None:
    """Without keys a request that a page of another site sends gets 403; one of a page of this machine is served."""
    there, here = "Host: localhost\r\nSec-Fetch-Site: cross-site", "Host: localhost\r\nSec-Fetch-Site: same-site"
    assert [status(from_outside("127.0.0.1", keys=False), head) for head in (there, here)] == [403, 200]
    assert status(from_outside("127.0.0.1"), there) == 200


def test_a_client_that_sends_nothing_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever opens a connection and does not finish a request's head loses it."""
    monkeypatch.setattr(http_server, "HEAD_SECONDS", 0.05)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(b"GET /x HTTP/1.1\r\nHost: local")
        return await reader.read()

    assert talked(HERE, talk) == b""


def test_a_body_that_does_not_arrive_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request whose body does not arrive in time gets 408."""
    monkeypatch.setattr(bodies, "BODY_SECONDS", 0.05)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(b"POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf")
        return await reader.readline()

    assert b" 408 " in talked(HERE, talk)


def test_a_client_that_asks_may_send_its_body() -> None:
    """A client that sends Expect: 100-continue gets 100 before its body and is then answered."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(b"POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
        invited = await reader.readuntil(b"\r\n\r\n")
        writer.write(b"body")
        return invited + await reader.readline()

    assert talked(HERE, talk) == b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"


def answered(data: bytes, said: list[str] | None = None) -> bytes:
    """Send these bytes; return everything up to the end of the connection."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(data)
        return await reader.read()

    return talked(HERE, talk, said)


def test_a_request_that_may_not_enter_is_answered_before_its_body_comes() -> None:
    """A request that is refused by its head is answered before its body arrives."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(b"POST /closed HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\nhalf")
        return await reader.readline()

    assert b" 401 " in talked(HERE, talk)


def test_a_body_that_is_announced_as_too_long_is_refused_at_once() -> None:
    """A body that is announced as too long gets 413 before its first byte."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(b"POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 110000000\r\n\r\n")
        return await reader.readline()

    assert b" 413 " in talked(HERE, talk)


@pytest.mark.parametrize(
    "sent",
    [b"GET /\xe2\x80\xa8?code=secret-key HTTP/1.1\r\nHost: a\r\n\r\n", b"x secret-key\r\n\r\n"],
    ids=["raw UTF-8", "no request line"],
)
def test_what_is_no_http_leaves_one_line_without_the_key(sent: bytes) -> None:
    """A request that is not HTTP leaves one line, and neither log nor answer repeats the request."""
    said: list[str] = []
    answer = answered(sent, said)
    assert answer.startswith((b"HTTP/1.0 400 ", b"HTTP/1.1 400 "))
    assert b"secret-key" not in answer
    assert [line.partition(" from")[0] for line in said] == ["A request"]
    assert not any("secret-key" in line or "\n" in line for line in said)


def test_many_requests_that_are_no_http_leave_few_lines() -> None:
    """Frequent complaints are logged at most once in COMPLAINT_SECONDS, with their number."""
    said: list[str] = []
    now = 0.0
    complaints = http_server.Complaints(said.append, lambda: now)
    for _ in range(100):
        complaints.add("No HTTP.")
    now += http_server.COMPLAINT_SECONDS
    complaints.add("No HTTP.")
    assert said == ["No HTTP.", "No HTTP. 99 more since the last such line."]


@pytest.mark.parametrize("header", [b"x-functions-key: \xff", b"X-B: \xff", b"X-\xff: b"])
def test_a_header_that_is_no_utf_8_is_a_400(header: bytes) -> None:
    """A header with a byte that is not UTF-8 gets 400, with and without a key."""
    assert b" 400 " in answered(b"GET /x HTTP/1.1\r\nHost: localhost\r\n%b\r\nConnection: close\r\n\r\n" % header)


def test_a_body_that_is_no_http_is_a_400() -> None:
    """A body with a chunk that has no length gets 400."""
    head = b"POST /x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert b" 400 " in answered(head + b"zz\r\nbody\r\n0\r\n\r\n")


def test_a_client_that_goes_within_its_body_leaves_no_line(caplog: pytest.LogCaptureFixture) -> None:
    """A client that closes its connection within its body leaves no line in the log."""
    said: list[str] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(b"POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
        invited = await reader.readuntil(b"\r\n\r\n")  # from here on the body is awaited
        writer.transport.abort()
        return invited

    talked(HERE, talk, said)
    assert (said, caplog.records) == ([], [])
