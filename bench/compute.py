"""Where the reports' own code runs: rows a second in a thread and in a child, how late the event loop is meanwhile, and
the child's start and memory."""

import asyncio
import gzip
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles

import orjson

from bench.runner import Figure, run
from outlast.compute.children import Children
from outlast.compute.thread import ComputeThread
from outlast.deadline import Deadline
from outlast.generating.part_builder import PartBuilder, PartCursor
from outlast.generating.row_generator import RowGenerator
from outlast.generating.row_slicer import RowSlicer, rows_of
from outlast.generating.row_window import Limits, RowCompute, RowWindow, Slice, Staged, WindowData
from outlast.inputs import CSV
from outlast.load_reports import load_report

APP = Path(__file__).parents[1]
JANUARY = APP / "samples/flights-2013-01.csv.gz"
REPORT = "flight_delays"


@dataclass(slots=True)
class Threaded:
    """The same work in the app's own compute thread, which nothing can stop."""

    thread: ComputeThread = field(default_factory=ComputeThread)
    slicers: dict[str, RowSlicer] = field(default_factory=dict)

    async def take(self, window: RowWindow, data: WindowData, limits: Limits, patience: float) -> Slice:
        if window.key not in self.slicers:
            generator = RowGenerator(load_report(APP / "reports", REPORT), None, None)
            rows = rows_of(window, data.of(window))
            self.slicers[window.key] = RowSlicer(generator, rows, window, time.monotonic, lambda row: None)
        return await self.thread.run(lambda: self.slicers[window.key].take(limits))

    async def join(self, window: RowWindow, chunk: int, slices: Sequence[Slice]) -> Staged:
        slicer = self.slicers.pop(window.key)
        return await self.thread.run(lambda: slicer.staged(chunk))


@dataclass(frozen=True, slots=True)
class Measured:
    """`late` is the time in milliseconds by which one of a hundred turns of the event loop is late."""

    rows_per_s: float
    late: float


def compute(quick: bool) -> Iterator[Figure]:
    repeats, lanes = (1, (8,)) if quick else (5, (1, 8))
    for count in lanes:
        for name, measured in (("thread", in_thread(repeats, count)), ("child", in_child(repeats, count))):
            label = f"{name}_{count}_lanes"
            yield Figure(
                name=f"{label}_rows_per_s", value=measured.rows_per_s, unit="rows/s", goal=10_000, direction="min"
            )
            yield Figure(name=f"{label}_loop_late_p99", value=measured.late, unit="ms", goal=20, direction="max")
    start, memory = asyncio.run(start_of_child(repeats))
    yield Figure(name="child_start", value=start * 1000, unit="ms", goal=1_000, direction="max")
    yield Figure(name="child_memory_at_rest", value=memory, unit="MB", goal=64, direction="max")


def in_thread(repeats: int, lanes: int) -> Measured:
    return best(repeats, lambda: asyncio.run(measure(Threaded(), lanes)))


def in_child(repeats: int, lanes: int) -> Measured:
    async def once() -> Measured:
        children = Children(APP, 10.0)
        try:
            await build(children, "warm", *january(rows=100))
            return await measure(children, lanes)
        finally:
            await children.close()

    return best(repeats, lambda: asyncio.run(once()))


def best(repeats: int, once: Callable[[], Measured]) -> Measured:
    """The medians."""
    found = [once() for _ in range(repeats)]
    return Measured(median(one.rows_per_s for one in found), median(one.late for one in found))


async def measure(computing: RowCompute, lanes: int) -> Measured:
    columns, rows = january()
    lateness: list[float] = []
    watching = asyncio.create_task(watch_loop(lateness))
    began = time.perf_counter()
    staged = await asyncio.gather(*(build(computing, f"lane {lane}", columns, rows) for lane in range(lanes)))
    seconds = time.perf_counter() - began
    watching.cancel()
    return Measured(sum(one.totals.rows for one in staged) / seconds, quantiles(lateness, n=100)[-1] * 1000)


async def watch_loop(lateness: list[float]) -> None:
    while True:
        due = time.perf_counter() + 0.001
        await asyncio.sleep(0.001)
        lateness.append(time.perf_counter() - due)


async def build(computing: RowCompute, key: str, columns: list[str], rows: bytes) -> Staged:
    """One part, as `generate_report` builds it."""
    window = RowWindow(key, "run", REPORT, None, "reference", "csv", columns, 2)
    data = WindowData(rows, 0, nothing)
    part = PartBuilder(computing, window, data, PartCursor(), Deadline(time.monotonic() + 600, time.monotonic))
    while not part.ended:
        await part.fill()
    return await part.staged(0)


async def nothing() -> bytes:
    return orjson.dumps(None)


def january(rows: int = 20_000) -> tuple[list[str], bytes]:
    """The columns, and so many rows."""
    head, *lines = gzip.decompress(JANUARY.read_bytes()).splitlines(keepends=True)
    return CSV.columns(head, at_end=True), b"".join(lines[:rows])


async def start_of_child(repeats: int) -> tuple[float, float]:
    """Seconds to the first row of a new child, and the MB that it then has (on Linux)."""
    columns, rows = january(rows=1)
    seconds, memory = [], 0.0
    for _ in range(repeats):
        children = Children(APP, 10.0)
        began = time.perf_counter()
        await build(children, "first", columns, rows)
        seconds.append(time.perf_counter() - began)
        memory = await asyncio.to_thread(resident, children.pids()[0])
        await children.close()
    return median(seconds), memory


def resident(pid: int) -> float:
    status = Path(f"/proc/{pid}/status")
    lines = status.read_text("ascii").splitlines() if status.exists() else []
    return sum(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:"))


if __name__ == "__main__":
    sys.exit(run(compute))
