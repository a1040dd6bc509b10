"""A database in a process of its own that only answers. Writes succeed up to the rate of their range.

It measures what the emulator is too slow for. `Stub` starts it by `python -m bench.writing.stub`.
"""

import argparse
import asyncio
import json
import math
import subprocess
import sys
import time
from types import TracebackType
from typing import Any, Self
from urllib.request import urlopen

from local.cosmos.budget import Budget
from local.cosmos.hashing import bounds

CHARGE = 5.35
RESULT = b'{"statusCode":201,"requestCharge":%.2f}' % CHARGE
READY = "stub ready: "
CONTAINER = {
    "id": "c",
    "_rid": "AbCdEfGhIjk=",
    "_self": "dbs/AbCdEf==/colls/AbCdEfGhIjk=/",
    "partitionKey": {"paths": ["/pk"], "kind": "Hash", "version": 2},
}


class Stub:
    """A context manager over the process. `rate` is the RU/s of each range; None means no limit."""

    key = "a2V5"

    def __init__(self, ranges: int = 4, latency: float = 0.0, rate: float = 0.0) -> None:
        self._options = [f"--ranges={ranges}", f"--latency={latency}", f"--rate={rate}"]

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.writing.stub", *self._options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().removeprefix(READY).strip()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()

    def served(self) -> dict[int, float]:
        """Return the request units by second, over all ranges."""
        with urlopen(f"{self.url}/_served") as answer:
            return {int(second): units for second, units in json.load(answer).items()}


class Database:
    """What all connections share."""

    def __init__(self, ranges: int, latency: float, rate: float) -> None:
        self.url = ""
        self.latency = latency
        lows = ["", *bounds(ranges, 2)]
        highs = [*lows[1:], "FF"]
        self.budgets = {str(n): Budget(rate or math.inf) for n in range(ranges)}
        self.served: dict[int, float] = {}
        self.ranges = [
            {"id": str(n), "minInclusive": low, "maxExclusive": high, "parents": []}
            for n, (low, high) in enumerate(zip(lows, highs, strict=True))
        ]

    def answer(self, method: str, path: str, headers: dict[bytes, bytes], body: bytes) -> tuple[int, bytes]:
        if method == "POST":
            if b"x-ms-cosmos-is-batch-request" in headers:
                return self._batch(headers.get(b"x-ms-documentdb-partitionkeyrangeid", b"").decode(), body)
            return 201, b'{"id":"1"}'
        if path.endswith("pkranges"):
            if b"if-none-match" in headers:
                return 304, b""
            return 200, json.dumps(
                {"_rid": "r", "PartitionKeyRanges": self.ranges, "_count": len(self.ranges)}
            ).encode()
        if path == "/_served":
            return 200, json.dumps(self.served).encode()
        return 200, json.dumps(CONTAINER if "colls" in path else self._account()).encode()

    def _account(self) -> dict[str, Any]:
        place = [{"name": "here", "databaseAccountEndpoint": self.url}]
        return {
            "id": "stub",
            "_rid": "stub",
            "writableLocations": place,
            "readableLocations": place,
            "enableMultipleWriteLocations": False,
            "userConsistencyPolicy": {"defaultConsistencyLevel": "Session"},
            "queryEngineConfiguration": "{}",
        }

    def _batch(self, range_id: str, body: bytes) -> tuple[int, bytes]:
        operations = body.count(b'"operationType"')
        budget = self.budgets.get(range_id)
        if budget is None or math.isinf(budget.rate):
            return 200, b"[" + b",".join([RESULT] * operations) + b"]"
        now, written = time.time(), 0
        wait = budget.wait_ms(now)
        while not wait and written < operations:
            budget.spend(CHARGE)
            written += 1
            wait = budget.wait_ms(now)
        self.served[int(now)] = self.served.get(int(now), 0.0) + written * CHARGE
        turned = b'{"statusCode":429,"subStatusCode":3200,"retryAfterMilliseconds":%d}' % math.ceil(wait)
        results = [RESULT] * written + [turned] * (operations - written)
        return (200 if written == operations else 207), b"[" + b",".join(results) + b"]"


class Connection(asyncio.Protocol):
    """Speaks HTTP/1.1 with a content-length, one request after another."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._data = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._data += data
        while (end := self._data.find(b"\r\n\r\n")) >= 0:
            first, *lines = bytes(self._data[:end]).split(b"\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines)}
            whole = end + 4 + int(headers.get(b"content-length", 0))
            if len(self._data) < whole:
                return
            body = bytes(self._data[end + 4 : whole])
            del self._data[:whole]
            method, path, _ = first.decode().split(" ")
            status, text = self._database.answer(method, path.rstrip("/") if len(path) > 1 else path, headers, body)
            self._answer(status, text)

    def _answer(self, status: int, text: bytes) -> None:
        head = (
            f'HTTP/1.1 {status} X\r\ncontent-type: application/json\r\netag: "1"\r\nx-ms-request-charge: {CHARGE}\r\n'
            f"content-length: {len(text)}\r\n\r\n"
        )
        whole = head.encode() + text
        if self._database.latency:
            asyncio.get_running_loop().call_later(self._database.latency, self._write, whole)
        else:
            self._write(whole)

    def _write(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(data)


async def serve(database: Database) -> None:
    """Serve until the process is killed or its input ends because the bench has ended."""
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(sys.stdin.fileno(), ended.set)
    server = await loop.create_server(lambda: Connection(database), "127.0.0.1", 0)
    database.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    sys.stdout.write(f"{READY}{database.url}\n")
    sys.stdout.flush()
    await ended.wait()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--ranges", type=int, required=True)
    parser.add_argument("--latency", type=float, required=True)
    parser.add_argument("--rate", type=float, required=True)
    options = parser.parse_args()
    asyncio.run(serve(Database(options.ranges, options.latency, options.rate)))


if __name__ == "__main__":
    main()
