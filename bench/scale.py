"""Whole runs of large files, of small ones and of many: rows a second, CPU, memory, and how they grow.

The input is a file of flights below the inputs location, the database has no limit unless a figure says so, and the
clock runs from before the POST until the status URL says Completed.
"""

import sys
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory

from bench.mirroring.nights import nights, orders
from bench.runner import Figure, run
from bench.scaling.rows import write_flights, write_parquet_flights
from bench.scaling.runs import Ran, ended, house

SMALL, USUAL, LARGE = "small.csv", "usual.csv", "large.csv"
SMALL_RUNS = 5
MANY, ROWS_OF_MANY = 100, 10_000
LIMIT = 40_000


def scale(quick: bool) -> Iterator[Figure]:
    rows = 100_000 if quick else 1_000_000
    with TemporaryDirectory() as folder:
        inputs = Path(folder)
        for name, count in ((SMALL, 100), (USUAL, rows), (LARGE, 10 * rows)):
            write_flights(inputs / name, count)
        usual = yield from _one_worker(inputs, rows)
        yield from _parquet(inputs, rows)
        yield from _two_workers(inputs, usual)
        yield from _limited(rows)
        if not quick:
            yield from _many(inputs, usual)


def _one_worker(inputs: Path, rows: int) -> Generator[Figure, None, Ran]:
    """A small run, a usual one, and one of ten times its rows."""
    with house(inputs) as one:
        one.run(SMALL)
        small, before = median(one.run(SMALL).seconds for _ in range(SMALL_RUNS)), one.used()
        usual, after = one.run(USUAL), one.used()
        one.empty(LIMIT)
        large, at_end = one.run(LARGE), one.used()
    yield Figure(name="small_run_s", value=small, unit="s", goal=1, direction="max")
    yield Figure(name="run_rows_per_s", value=_rate(usual), unit="rows/s", goal=30_000, direction="min")
    each = (after.cpu_seconds - before.cpu_seconds) / rows * 1e6
    yield Figure(name="worker_us_per_row", value=each, unit="us", goal=25, direction="max")
    yield Figure(name="wall_growth", value=large.seconds / usual.seconds, unit="times", goal=10.5, direction="max")
    growth = at_end.worker_mb / after.worker_mb
    yield Figure(name="memory_growth", value=growth, unit="times", goal=1.1, direction="max")
    yield Figure(name="worker_peak_mb", value=at_end.worker_mb, unit="MB", goal=150, direction="max")
    yield Figure(name="host_peak_mb", value=at_end.host_mb, unit="MB", goal=150, direction="max")
    return usual


def _parquet(inputs: Path, rows: int) -> Iterator[Figure]:
    """A usual and a large run of Parquet, which is copied."""
    for name, count in (("usual.parquet", rows), ("large.parquet", 10 * rows)):
        write_parquet_flights(inputs / name, count)
    with house(inputs) as one:
        one.run(SMALL)
        usual = one.run("usual.parquet")
        one.empty(LIMIT)
        large, at_end = one.run("large.parquet"), one.used()
    yield Figure(name="parquet_rows_per_s", value=_rate(usual), unit="rows/s", goal=0, direction="min")
    growth = large.seconds / usual.seconds
    yield Figure(name="parquet_wall_growth", value=growth, unit="times", goal=10.5, direction="max")
    yield Figure(name="parquet_worker_peak_mb", value=at_end.worker_mb, unit="MB", goal=200, direction="max")


def _two_workers(inputs: Path, usual: Ran) -> Iterator[Figure]:
    with house(inputs, workers=2) as two:
        two.run(SMALL)
        ratio = _rate(two.run(USUAL)) / _rate(usual)
    yield Figure(name="two_workers", value=ratio, unit="times", goal=1.6, direction="min")


def _limited(rows: int) -> Iterator[Figure]:
    """The share of the request units that there were while the run was storing.

    Each document has a partition key of its own. Of the flights half lie on one of four partitions, because there are
    only sixteen carriers, so no writer could use more than half of what there is.
    """
    with nights({}) as limited:
        ran = limited.ran("orders_by_id", orders(rows))
    used = ran.receipt["request_units"] / (ran.storing_seconds * LIMIT)
    yield Figure(name="run_ru_used", value=used, unit="share", goal=0.95, direction="min")


def _many(inputs: Path, usual: Ran) -> Iterator[Figure]:
    names = [f"many-{number}.csv" for number in range(MANY)]
    for name in names:
        write_flights(inputs / name, ROWS_OF_MANY)
    with house(inputs) as one:
        one.run(SMALL)
        begun, posted = time.perf_counter(), one.post_all(names)
        with one.asked([run["id"] for run in posted]) as took:
            last = max(ended(run["statusQueryGetUri"], begun).seconds for run in posted)
    yield Figure(name="queue_overhead", value=last / usual.seconds, unit="times", goal=1.1, direction="max")
    slowest = quantiles(took, n=100)[98]
    yield Figure(name="show_run_p99_ms", value=slowest, unit="ms", goal=50, direction="max")


def _rate(ran: Ran) -> float:
    return ran.rows / ran.seconds


if __name__ == "__main__":
    sys.exit(run(scale))
