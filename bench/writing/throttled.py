"""How well the writer uses a database of limited rate, by what the database itself says it has served."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count

from azure.cosmos import CosmosClient, PartitionKey

from bench.writing.lanes import CONTAINER, DATABASE, WINDOW, Lanes, fresh_windows, make_document, make_window
from bench.writing.stub import Stub
from local.cosmos.control import Control
from local.cosmos.process import CosmosProcess
from outlast.cosmos.bulk.staged_document import StagedDocument

RATE = 8_000
RANGES = 4


@dataclass(frozen=True, slots=True)
class Use:
    """`used` is the used fraction of the provisioned rate, `throttled` the throttled fraction of the operations
    sent."""

    used: float
    throttled: float
    failures: int


@contextmanager
def emulated(throughput: int = RATE, ranges: int = RANGES) -> Iterator[CosmosProcess]:
    """Start the emulator with a container of that many ranges."""
    with CosmosProcess() as process:
        database = CosmosClient(process.url, process.key).create_database(DATABASE)
        partitions = {"x-ms-emulator-partitions": str(ranges)}
        database.create_container(
            CONTAINER, PartitionKey("/pk"), offer_throughput=throughput, initial_headers=partitions
        )
        yield process


class Served:
    """Collects request units by range and second, while ranges come and go."""

    def __init__(self, url: str) -> None:
        self._control = Control(url)
        self._units: dict[tuple[str, int], float] = {}

    def look(self) -> None:
        for partition in self._control.container(DATABASE, CONTAINER)["partitions"]:
            for second, units in partition["served"]:
                self._units[partition["id"], second] = units

    def second(self, second: int) -> float:
        return sum(units for (_, at), units in self._units.items() if at == second)


def used_on_emulator(warm_up: float, seconds: float) -> Use:
    """Use 8,000 RU/s over 4 ranges. Raises when an acknowledged row is not in the database exactly once."""
    with emulated() as process:
        lanes, begun = Lanes(process.url, process.key), time.time()
        asyncio.run(lanes.run(fresh_windows("r", size=512), warm_up + seconds))
        served = Served(process.url)
        served.look()
        stored = sum(part["documents"] for part in Control(process.url).container(DATABASE, CONTAINER)["partitions"])
        if stored != lanes.counting.written():
            raise RuntimeError(f"{stored} documents are stored and {lanes.counting.written()} were acknowledged")
    whole = range(int(begun + warm_up) + 1, int(begun + warm_up + seconds))
    used = sum(served.second(second) for second in whole) / len(whole) / RATE
    return Use(used, lanes.counting.throttled_share(begun + warm_up), len(lanes.failures))


def used_on_stub(warm_up: float, seconds: float, rate: int = 80_000, ranges: int = 8) -> Use:
    """Use 80,000 RU/s over 8 ranges, more than the emulator can meter beside the writer."""
    windows = [make_window(first) for first in range(0, 20_000, WINDOW)]
    with Stub(ranges, rate=rate / ranges) as stub:
        lanes, begun = Lanes(stub.url, stub.key), time.time()
        asyncio.run(lanes.run((windows[n % len(windows)] for n in count()), warm_up + seconds))
        served = stub.served()
    whole = range(int(begun + warm_up) + 1, int(begun + warm_up + seconds))
    used = sum(served.get(second, 0.0) for second in whole) / len(whole) / rate
    return Use(used, lanes.counting.throttled_share(begun + warm_up), len(lanes.failures))


@dataclass(frozen=True, slots=True)
class Hot:
    """`use` is the used fraction of the rate of the range that gets half of all rows. `late` is how much longer the
    others take than their rate allows, at most."""

    use: float
    late: float


def hot_range(rows: int) -> Hot:
    """Write all rows in one call, over 4 ranges of 2,000 RU/s."""
    documents, rate = _half_in_one(rows), RATE / RANGES
    with Stub(RANGES, rate=rate) as stub:
        lanes, begun = Lanes(stub.url, stub.key), time.time()
        asyncio.run(lanes.run(iter([documents]), 600, lanes=1))
    needed = {range_id: charge / rate for range_id, charge in lanes.counting.charges.items()}
    took = {range_id: ended - begun for range_id, ended in lanes.counting.ended.items()}
    hot = max(needed, key=lambda range_id: needed[range_id])
    late = max(took[range_id] / needed[range_id] - 1 for range_id in needed if range_id != hot)
    return Hot(needed[hot] / took[hot], late)


def _half_in_one(rows: int) -> list[StagedDocument]:
    """Return documents of which half belong to the last of four ranges."""
    hot, cold = list[StagedDocument](), list[StagedDocument]()
    for number in count():
        document = make_document(number, number)
        group = hot if document.effective_partition_key >= b"30" else cold
        if len(group) < rows // 2:
            group.append(document)
        if len(hot) + len(cold) == rows // 2 * 2:
            return sorted(hot + cold, key=lambda document: document.effective_partition_key)
    raise AssertionError


def seconds_to_adapt(pause: int) -> float:
    """Return the longest time until 95 % of a new rate is used: after the start, a doubling, a halving, a split."""
    with emulated() as process:
        lanes, served = Lanes(process.url, process.key), Served(process.url)
        disturbance = _Disturbance(Control(process.url), served, pause)

        async def run() -> None:
            await asyncio.gather(lanes.run(fresh_windows("r", size=1024), 4 * pause + 1), disturbance.run())

        asyncio.run(run())
        served.look()
    return max(_seconds_until_used(served, at, rate, pause) for at, rate in disturbance.changes)


@dataclass(slots=True)
class _Disturbance:
    """Changes the rate and the ranges of the container. `changes` are the instants, with the rate from then on."""

    control: Control
    served: Served
    pause: int
    changes: list[tuple[float, int]] = field(default_factory=list)

    async def run(self) -> None:
        self.changes.append((time.time(), RATE))
        for event in (lambda: self._change(2 * RATE), lambda: self._change(RATE), self._split):
            await asyncio.sleep(self.pause)
            await asyncio.to_thread(self.served.look)
            await asyncio.to_thread(event)
        await asyncio.sleep(self.pause)
        await asyncio.to_thread(self.served.look)

    def _change(self, rate: int) -> None:
        self.control.set_throughput(DATABASE, CONTAINER, rate)
        self.changes.append((time.time(), rate))

    def _split(self) -> None:
        for partition in self.control.container(DATABASE, CONTAINER)["partitions"]:
            self.control.split(DATABASE, CONTAINER, partition["id"])
        self.changes.append((time.time(), RATE))


def _seconds_until_used(served: Served, at: float, rate: int, pause: int) -> float:
    """Return the seconds from `at` to the first of two neighbouring seconds that use the rate."""
    for second in range(int(at) + 1, int(at) + pause):
        if served.second(second) + served.second(second + 1) >= 2 * 0.95 * rate:
            return max(0.0, second - at)
    return float(pause)


@dataclass(frozen=True, slots=True)
class Together:
    """What two processes on one container use together, and the smaller part of one."""

    used: float
    smaller: float


def two_processes(warm_up: float, seconds: float) -> Together:
    with emulated() as process:
        begun = time.time()
        options = ["--url", process.url, "--key", process.key, "--seconds", str(warm_up + seconds)]
        command = [sys.executable, "-m", "bench.writing.lanes", *options]
        both = [subprocess.Popen([*command, "--name", name], stdout=subprocess.PIPE, text=True) for name in "ab"]
        results = [json.loads(one.communicate()[0]) for one in both]
        served = Served(process.url)
        served.look()
    whole = range(int(begun + warm_up) + 1, int(begun + warm_up + seconds) - 1)
    rows = [sum(one["by_second"].get(str(second), 0) for second in whole) for one in results]
    used = sum(served.second(second) for second in whole) / len(whole) / RATE
    return Together(used, min(rows) / sum(rows))


def peak_mb(rows: int, window: int = WINDOW) -> float:
    """Return the memory of a process that writes that many rows, in windows, to a database without a limit."""
    with Stub(RANGES) as stub:
        options = ["--url", stub.url, "--key", stub.key, "--rows", str(rows), "--window", str(window)]
        done = subprocess.run(
            [sys.executable, "-m", "bench.writing.lanes", *options], capture_output=True, check=True, text=True
        )
    results = json.loads(done.stdout)
    if results["acknowledged"] < rows or results["failures"]:
        raise RuntimeError(f"not every row was acknowledged: {results}")
    return float(results["peak_mb"])
