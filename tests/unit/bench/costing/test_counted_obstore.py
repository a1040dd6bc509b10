import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from obstore.store import AzureStore, MemoryStore

from bench.costing import counted_obstore
from bench.costing.counted_obstore import VARIABLE, counts_of

MIB = 1024 * 1024


@pytest.fixture
def counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "operations"))
    return tmp_path / "operations"


class _Taking(BaseHTTPRequestHandler):
    """A blob service that takes every write."""

    protocol_version = "HTTP/1.1"
    writes = 0

    def do_PUT(self) -> None:  # the name that http.server calls
        self.rfile.read(int(self.headers["content-length"]))
        type(self).writes += 1
        self.send_response(201)
        self.send_header("etag", '"1"')
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Write nothing to the error output."""


@contextmanager
def service() -> Iterator[AzureStore]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Taking) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        endpoint = f"http://127.0.0.1:{server.server_port}/a"
        options: Any = {"allow_http": True}
        yield AzureStore("c", account_name="a", endpoint=endpoint, skip_signature=True, client_options=options)
        server.shutdown()


async def pieces(count: int, size: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b"x" * size


@pytest.mark.parametrize(
    ("data", "options", "writes"),
    [
        (b"small", {}, 1),
        (b"x" * 6 * MIB, {}, 3),
        (b"x" * 6 * MIB, {"mode": "create", "use_multipart": False}, 1),
        ((3, 10), {}, 2),
        ((6, 2 * MIB), {}, 4),
    ],
)
def test_writes_are_those_that_the_library_sends(counts: Path, data: Any, options: Any, writes: int) -> None:
    """A put counts as many writes as obstore sends to a blob service: one, or its blocks and their list."""

    async def put(store: AzureStore) -> None:
        given = pieces(*data) if isinstance(data, tuple) else data
        await counted_obstore.put_async(store, "p", given, **options)

    _Taking.writes = 0
    with service() as store:
        asyncio.run(put(store))
    assert (counts_of(counts)["write"], _Taking.writes) == (writes, writes)


def test_every_kind_of_request_is_counted(counts: Path) -> None:
    """Reads, looks, copies, deletes and lists each count, and do what they do without counting."""
    store = MemoryStore()

    async def use() -> bytes:
        await counted_obstore.put_async(store, "a/1", b"one")
        await counted_obstore.copy_async(store, "a/1", "a/2", overwrite=False)
        await counted_obstore.head_async(store, "a/2")
        listed = [one["path"] async for files in counted_obstore.list(store, prefix="a") for one in files]
        await counted_obstore.delete_async(store, listed[0])
        read = await counted_obstore.get_async(store, "a/2")
        return bytes(counted_obstore.get(store, "a/2").bytes()) + bytes(await read.bytes_async())

    assert asyncio.run(use()) == b"oneone"
    assert counts_of(counts) == {"write": 2, "read": 3, "list": 1, "delete": 1}


def test_nothing_asked_is_nothing_counted(counts: Path) -> None:
    """A file that nobody has written to is no request."""
    assert counts_of(counts).total() == 0
