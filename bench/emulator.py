"""How fast the Cosmos DB emulator takes bulk writes, asked by a client that only replays prepared bytes; how much
memory a document takes, and how soon it is ready."""

import asyncio
import base64
import hmac
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from urllib.parse import quote

import orjson

from bench.runner import Figure, run
from local.cosmos import EMULATOR_KEY, hashing
from local.cosmos.process import CosmosProcess

RANGES = 4
A_REQUEST = 100
CONNECTIONS = 8
AT_ONCE = 50_000
"""Documents whose requests are prepared at a time, so that this process stays small."""
TEXT = "x" * 85
UNTHROTTLED = ("--unthrottled",)


def emulator(quick: bool) -> Iterator[Figure]:
    runs, documents, many = (1, 60_000, 100_000) if quick else (3, 200_000, 1_000_000)
    rates = [measure(documents, None).rate for _ in range(runs)]
    yield Figure(name="bulk_memory_per_s", value=median(rates), unit="docs/s", goal=40_000, direction="min")
    kept = [measure_kept(documents) for _ in range(runs)]
    yield Figure(name="bulk_sqlite_per_s", value=median(kept), unit="docs/s", goal=12_000, direction="min")
    yield Figure(name="memory_factor", value=measure(many, None).memory_factor, unit="times", goal=3, direction="max")
    ready = median(seconds_to_ready() for _ in range(3 if quick else 9))
    yield Figure(name="ready_s", value=ready, unit="s", goal=0.7, direction="max")


@dataclass(frozen=True)
class Measured:
    """What one emulator did with its documents."""

    rate: float
    memory_factor: float


def measure_kept(documents: int) -> float:
    with TemporaryDirectory() as folder:
        return measure(documents, Path(folder)).rate


def measure(documents: int, data: Path | None) -> Measured:
    """Documents a second, and resident memory over the documents' size."""
    with CosmosProcess(data, options=UNTHROTTLED) as process:
        port = int(process.url.rpartition(":")[2])
        asyncio.run(prepare_container(port))
        seconds, size = 0.0, 0
        for start in range(0, documents, AT_ONCE):
            requests, bytes_ = prepare_requests(start, min(AT_ONCE, documents - start))
            begun = time.perf_counter()
            asyncio.run(replay(port, requests))
            seconds += time.perf_counter() - begun
            size += bytes_
        return Measured(documents / seconds, resident(process.pid) / size)


def seconds_to_ready() -> float:
    """From starting the process until it has answered its first request."""
    begun = time.perf_counter()
    with CosmosProcess():
        return time.perf_counter() - begun


def resident(pid: int) -> int:
    """Bytes of memory that a process has."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) * 1024


def prepare_requests(start: int, count: int) -> tuple[list[bytes], int]:
    """Bulk requests as bytes, and the size of their documents; each with a partition key of its own."""
    by_range: list[list[bytes]] = [[] for _ in range(RANGES)]
    bounds, size = hashing.bounds(RANGES, 2), 0
    for number in range(start, start + count):
        key = f"key-{number:08d}"
        body = orjson.dumps(document(number, key))
        size += len(body)
        head = b'{"operationType":"Upsert","partitionKey":"[\\"%b\\"]","minimalReturnPreference":true,"resourceBody":'
        effective = hashing.effective_v2(hashing.canonical(key))
        by_range[sum(bound <= effective for bound in bounds)].append(head % key.encode() + body + b"}")
    requests = [
        bulk_request(range_id, operations[at : at + A_REQUEST])
        for range_id, operations in enumerate(by_range)
        for at in range(0, len(operations), A_REQUEST)
    ]
    return requests, size


def document(number: int, key: str) -> dict[str, object]:
    """A flat document of a kilobyte."""
    fields: dict[str, object] = {"id": f"id-{number:08d}", "pk": key, "n": number, "delay": number % 60 - 10.5}
    return fields | {f"text{at}": TEXT for at in range(9)}


def bulk_request(range_id: int, operations: list[bytes]) -> bytes:
    headers = {
        "x-ms-cosmos-is-batch-request": "true",
        "x-ms-cosmos-batch-atomic": "false",
        "x-ms-cosmos-batch-continue-on-error": "true",
        "x-ms-documentdb-partitionkeyrangeid": str(range_id),
    }
    return request(
        "POST", "/dbs/d/colls/c/docs", ("docs", "dbs/d/colls/c"), b"[" + b",".join(operations) + b"]", headers
    )


def request(method: str, path: str, signed: tuple[str, str], body: bytes, headers: dict[str, str]) -> bytes:
    """A request as it goes over the wire, signed for the resource type and link."""
    date = formatdate(usegmt=True)
    text = f"{method.lower()}\n{signed[0]}\n{signed[1]}\n{date.lower()}\n\n"
    signature = base64.b64encode(hmac.digest(base64.b64decode(EMULATOR_KEY), text.encode(), "sha256")).decode()
    all_headers = {
        "host": "127.0.0.1",
        "x-ms-date": date,
        "authorization": quote(f"type=master&ver=1.0&sig={signature}", safe=""),
        "content-type": "application/json",
        "content-length": str(len(body)),
        **headers,
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in all_headers.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body


async def prepare_container(port: int) -> None:
    definition = orjson.dumps({"id": "c", "partitionKey": {"paths": ["/pk"], "kind": "Hash", "version": 2}})
    partitions = {"x-ms-emulator-partitions": str(RANGES)}
    await replay(port, [request("POST", "/dbs", ("dbs", ""), b'{"id":"d"}', {})])
    await replay(port, [request("POST", "/dbs/d/colls", ("colls", "dbs/d"), definition, partitions)])


async def replay(port: int, requests: list[bytes]) -> None:
    """Send everything over some connections, each waiting for its answer before the next; any failure ends it."""
    waiting = list(reversed(requests))
    loop = asyncio.get_running_loop()
    lanes = []
    for _ in range(min(CONNECTIONS, len(requests))):
        _, lane = await loop.create_connection(lambda: Lane(waiting, loop.create_future()), "127.0.0.1", port)
        lanes.append(lane)
    await asyncio.gather(*[lane.done for lane in lanes])


@dataclass
class Lane(asyncio.Protocol):
    """One connection; reads of an answer no more than its status and where it ends."""

    waiting: list[bytes]
    done: "asyncio.Future[None]"
    buffer: bytearray = field(default_factory=bytearray)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.send()

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self.buffer[:end])
        length = int(head.partition(b"content-length: ")[2].split(b"\r\n")[0])
        if len(self.buffer) < end + 4 + length:
            return
        if not head.startswith((b"HTTP/1.1 200 ", b"HTTP/1.1 201 ")):
            self.done.set_exception(RuntimeError(f"a request failed: {bytes(self.buffer[:500])!r}"))
        self.buffer.clear()
        self.send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or RuntimeError("the emulator closed the connection"))

    def send(self) -> None:
        if self.waiting and not self.done.done():
            self.transport.write(self.waiting.pop())
            return
        if not self.done.done():
            self.done.set_result(None)
        self.transport.close()


if __name__ == "__main__":
    sys.exit(run(emulator))
