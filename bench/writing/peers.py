"""Our writer, other SDKs and what people use today, against one database: rows and CPU time in some seconds."""

import asyncio
import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count, cycle, islice
from pathlib import Path
from typing import Any

from azure.cosmos import CosmosClient
from azure.cosmos.aio import CosmosClient as AsyncCosmosClient

from bench.writing.lanes import CONTAINER, DATABASE, FILLER, Lanes, make_window

SCRIPT = Path(__file__).with_name("bulk.mjs")
JAVASCRIPT = "@azure/cosmos@4.9.3"
WARM_UP = 0.3


@dataclass(frozen=True, slots=True)
class Rate:
    rows_per_s: float
    us_per_row: float


Peer = Callable[[str, str, float], Rate]


def documents() -> Iterator[dict[str, Any]]:
    return ({"id": f"p-{n}", "pk": f"k{n}", "text": FILLER.decode()} for n in count())


def loop(url: str, key: str, seconds: float) -> Rate:
    """Call `create_item`, one after another."""
    container = CosmosClient(url, key).get_database_client(DATABASE).get_container_client(CONTAINER)
    rows, ends = 0, time.perf_counter() + seconds
    with _measured() as measured:
        for document in documents():
            container.create_item(document)
            rows += 1
            if time.perf_counter() > ends:
                break
    return measured(rows)


def pool_of_3(url: str, key: str, seconds: float) -> Rate:
    """Call `create_item` from three threads."""
    container = CosmosClient(url, key).get_database_client(DATABASE).get_container_client(CONTAINER)
    rows, ends, source = 0, time.perf_counter() + seconds, documents()
    with ThreadPoolExecutor(3) as pool, _measured() as measured:
        while time.perf_counter() < ends:
            rows += len(list(pool.map(container.create_item, islice(source, 60))))
    return measured(rows)


def gather_of_100(url: str, key: str, seconds: float) -> Rate:
    """Call `upsert_item`, a hundred at once."""

    async def run() -> Rate:
        async with AsyncCosmosClient(url, key) as client:
            container = client.get_database_client(DATABASE).get_container_client(CONTAINER)
            rows, ends, source = 0, time.perf_counter() + seconds, documents()
            with _measured() as measured:
                while time.perf_counter() < ends:
                    await asyncio.gather(*(container.upsert_item(document) for document in islice(source, 100)))
                    rows += 100
            return measured(rows)

    return asyncio.run(run())


def item_batch(url: str, key: str, seconds: float) -> Rate:
    """Call `execute_item_batch` with a hundred rows of one key, eight at once."""

    async def run() -> Rate:
        async with AsyncCosmosClient(url, key) as client:
            container = client.get_database_client(DATABASE).get_container_client(CONTAINER)
            rows, ends, source = 0, time.perf_counter() + seconds, documents()

            async def worker() -> None:
                nonlocal rows
                while time.perf_counter() < ends:
                    operations = [("upsert", ({**document, "pk": "k"},)) for document in islice(source, 100)]
                    await container.execute_item_batch(operations, "k")
                    rows += 100

            with _measured() as measured:
                await asyncio.gather(*(worker() for _ in range(8)))
            return measured(rows)

    return asyncio.run(run())


def ours(url: str, key: str, seconds: float, rows_per_key: int = 1) -> Rate:
    """Write with eight lanes the same rows again and again."""
    windows = [make_window(first, rows_per_key=rows_per_key) for first in range(0, 20_000, 4096)]
    lanes = Lanes(url, key)

    async def run() -> Rate:
        writing = asyncio.create_task(lanes.run(cycle(windows), seconds + WARM_UP))
        await asyncio.sleep(WARM_UP)
        begun, cpu = time.time(), time.process_time()
        await writing
        if lanes.failures:
            raise RuntimeError(lanes.failures[0])
        cpu, rows = time.process_time() - cpu, lanes.counting.written(begun)
        return Rate(rows / (lanes.counting.answers[-1][0] - begun), cpu / rows * 1e6)

    return asyncio.run(run())


@contextmanager
def javascript() -> Iterator[Peer | None]:
    """Call `executeBulkOperations` of the JavaScript SDK; yield None where Node or its registry cannot be reached."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(SCRIPT, folder)
        yield _javascript(Path(folder)) if _installed(folder) else None


def _installed(folder: str) -> bool:
    if shutil.which("node") is None or shutil.which("npm") is None:
        return False
    command = ["npm", "install", "--no-audit", "--no-fund", "--silent", JAVASCRIPT]
    return subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode == 0


def _javascript(folder: Path) -> Peer:
    def run(url: str, key: str, seconds: float) -> Rate:
        command = ["node", SCRIPT.name, url, key, str(seconds)]
        done = subprocess.run(command, cwd=folder, capture_output=True, check=True, text=True)
        results = json.loads(done.stdout)
        return Rate(results["rows"] / results["seconds"], results["cpu"] / results["rows"] * 1e6)

    return run


@contextmanager
def _measured() -> Iterator[Callable[[int], Rate]]:
    begun, cpu = time.perf_counter(), time.process_time()
    yield lambda rows: Rate(rows / (time.perf_counter() - begun), (time.process_time() - cpu) / rows * 1e6)
