"""Damaged requests are answered or cut off, and the documents stay."""

import asyncio
import os
import random
import re
from email.utils import formatdate
from pathlib import Path

import pytest

from local.cosmos import EMULATOR_KEY
from tests.contract.cosmos_emulator.clients import Raw
from tests.unit.local.cosmos.emulating import new_server
from tests.unit.local.cosmos.test_wire import exchange

REQUESTS = int(os.environ.get("SOAK_SEEDS", "500"))
AT_ONCE = 20
PIECES = [
    b"\r\n", b"\r\n\r\n", b"\n", b"\r", b"\x00", b":", b" ", b"HTTP/1.1", b"content-length: 5\r\n", b"\xff\xfe", b"{",
    b"transfer-encoding: chunked\r\n", b"expect: 100-continue\r\n", b"connection: close\r\n", b"%", b'"', b"9" * 5000,
    b"GET / HTTP/1.0\r\n\r\n", b"0\r\n\r\n", b"x: " + b"y" * 70_000 + b"\r\n",
]  # fmt: skip
DOCUMENT = b'{"id":"1","pk":"a","v":[1,{"x":"\xc3\xa9"}]}'
BULK = b'[{"operationType":"Upsert","partitionKey":"[\\"a\\"]","resourceBody":{"id":"2","pk":"a"}}]'
QUERY = b'{"query":"SELECT * FROM c WHERE c.v = @v","parameters":[{"name":"@v","value":1}]}'
KEY = 'x-ms-documentdb-partitionkey: ["a"]\r\n'
DOCS = "/dbs/d/colls/c/docs"


def request(method: str, path: str, headers: str = "", body: bytes = b"") -> bytes:
    """Return a complete, signed request."""
    date = formatdate(usegmt=True)
    signature = Raw("http://127.0.0.1", EMULATOR_KEY).sign(method, path, date)
    head = (
        f"{method} {path} HTTP/1.1\r\nhost: localhost\r\nx-ms-date: {date}\r\nauthorization: {signature}\r\n{headers}"
    )
    return head.encode() + b"content-length: %d\r\n\r\n" % len(body) + body


def damaged(chance: random.Random, whole: bytes) -> bytes:
    """Return the request with up to three faults: bytes cut, changed, repeated or added."""
    for _ in range(chance.randrange(1, 4)):
        at = chance.randrange(len(whole) + 1)
        end = min(len(whole), at + chance.randrange(1, 20))
        kind = chance.randrange(5)
        if kind == 0:
            whole = whole[:at] or b"G"
        elif kind == 1:
            whole = whole[:at] + bytes(chance.randrange(256) for _ in range(end - at)) + whole[end:]
        elif kind == 2:
            whole = whole[:end] + whole[at:]
        else:
            whole = whole[:at] + chance.choice(PIECES) + whole[at:]
    return whole


async def prepare(port: int) -> list[bytes]:
    """Create a container with one document that the tests do not touch; return requests of every kind for others."""
    definition = b'{"id":"c","partitionKey":{"paths":["/pk"],"kind":"Hash","version":2}}'
    kept = 'x-ms-documentdb-partitionkey: ["untouched"]\r\nconnection: close\r\n'
    for path, headers, body in (
        ("/dbs", "connection: close\r\n", b'{"id":"d"}'),
        ("/dbs/d/colls", "connection: close\r\n", definition),
        (DOCS, kept, b'{"id":"kept","pk":"untouched"}'),
    ):
        assert b" 201 " in await exchange(port, request("POST", path, headers, body))
    batch = "x-ms-cosmos-is-batch-request: true\r\n"
    return [
        request("GET", "/"),
        request("GET", f"{DOCS}/1", KEY),
        request("POST", DOCS, KEY, DOCUMENT),
        request("POST", DOCS, f"{KEY}x-ms-documentdb-is-upsert: true\r\n", DOCUMENT),
        request("POST", DOCS, f"{KEY}x-ms-documentdb-isquery: true\r\n", QUERY),
        request("POST", DOCS, f"{batch}x-ms-documentdb-partitionkeyrangeid: 0\r\n", BULK),
        request("POST", DOCS, f"{batch}{KEY}x-ms-cosmos-batch-atomic: true\r\n", BULK),
        request("DELETE", f"{DOCS}/1", KEY),
    ]


async def try_one(port: int, data: bytes) -> None:
    """Send bytes; check that complete answers or none come back, and that none is a 500."""
    try:
        answer = await asyncio.wait_for(exchange(port, data, end=True), 20)
    except ConnectionError:
        return
    assert answer == b"" or answer.startswith(b"HTTP/1.1 "), (data, answer)
    assert b"Traceback" not in answer
    statuses = re.findall(rb"HTTP/1.1 (\d+) ", answer)
    assert not {b"500", b"503"} & set(statuses), (data, answer)


@pytest.mark.parametrize("kept", [False, True], ids=["in memory", "in SQLite"])
def test_damaged_requests_do_no_harm(tmp_path: Path, caplog: pytest.LogCaptureFixture, kept: bool) -> None:
    """A damaged request gets a clear error or a closed connection, logs nothing, and leaves documents as they are."""

    async def run() -> None:
        async with new_server(data_dir=tmp_path if kept else None, throttled=False) as server:
            chance = random.Random(kept)
            whole = await prepare(server.port)
            for _ in range(REQUESTS // 2 // AT_ONCE):
                some = [damaged(chance, chance.choice(whole)) for _ in range(AT_ONCE)]
                await asyncio.gather(*[try_one(server.port, data) for data in some])
            headers = 'x-ms-documentdb-partitionkey: ["untouched"]\r\nconnection: close\r\n'
            answer = await exchange(server.port, request("GET", f"{DOCS}/kept", headers))
            assert b'"id":"kept"' in answer

    asyncio.run(run())
    assert not [record for record in caplog.records if record.levelname in {"ERROR", "CRITICAL"}]
