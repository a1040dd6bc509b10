"""Rows a second of the generating phase of a grouped report: by columns and row by row, each chunk in the child process
as in a run; and what DuckDB and Polars need for the same groups of the same file.

The file has a year's rows: those of January twelve times, each time as another month.
"""

import asyncio
import gzip
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import duckdb
import polars

from activities.read_input_file import CHUNKS, SMALLEST
from bench.runner import Figure, run
from outlast.compute.children import Children
from outlast.deadline import Deadline
from outlast.generating.part_builder import PartBuilder, PartCursor
from outlast.generating.row_window import GROUPS, RowWindow, WindowData
from outlast.inputs import CSV, Chunk
from outlast.staging.group_file import OFFSETS, gather, gathered

APP = Path(__file__).parent / "groups_app"
JANUARY = Path(__file__).parents[1] / "samples/flights-2013-01.csv.gz"
FAST, ROWS = "by_columns", "by_rows"
QUERY = """
    SELECT carrier, month, origin, count(*) AS flights, count(dep_delay) AS departed, avg(dep_delay) AS mean_delay,
        max(dep_delay) AS most_delay, sum(distance) AS distance
    FROM read_csv('{file}', nullstr='NA') GROUP BY carrier, month, origin
"""
Counted = dict[tuple[str, int, str], int]
"""The flights of each group."""


def groups(quick: bool) -> Iterator[Figure]:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "year.csv"
        file.write_bytes(year(2 if quick else 12))
        rows = file.read_bytes().count(b"\n") - 1
        rounds = [measured(file, rows) for _ in range(1 if quick else 3)]
    rates = {name: median(one[name] for one in rounds) for name in rounds[0]}
    for name, rate in rates.items():
        yield Figure(name=f"{name}_rows_per_s", value=rate, unit="rows/s", goal=0, direction="min")
    ratio = median(one["fast"] / one["rows"] for one in rounds)
    yield Figure(name="fast_over_rows", value=ratio, unit="times", goal=8, direction="min")


def year(months: int) -> bytes:
    head, *lines = gzip.decompress(JANUARY.read_bytes()).splitlines(keepends=True)
    fields = [line.split(b",", 2) for line in lines]
    return head + b"".join(b"%b,%d,%b" % (one[0], month, one[2]) for month in range(1, months + 1) for one in fields)


def measured(file: Path, rows: int) -> dict[str, float]:
    """The rows a second of each way, which all have to find the same groups."""
    data = file.read_bytes()
    timed = {
        "fast": asyncio.run(generated(data, FAST)),
        "rows": asyncio.run(generated(data, ROWS)),
        "duckdb": seconds_of(lambda: by_duckdb(file)),
        "polars": seconds_of(lambda: by_polars(file)),
    }
    found = [one for one, _ in timed.values()]
    assert all(one == found[0] for one in found), "not all ways find the same groups"
    return {name: rows / seconds for name, (_, seconds) in timed.items()}


def seconds_of(way: Callable[[], Counted]) -> tuple[Counted, float]:
    began = time.perf_counter()
    return way(), time.perf_counter() - began


async def generated(data: bytes, report: str) -> tuple[Counted, float]:
    """The groups that the generating phase stages, chunk by chunk, and the seconds of that in a process that has
    started."""
    children, counted = Children(APP, 10.0), Counted()
    chunks = chunks_of(data)
    try:
        await part_of(children, data, chunks[0], report)
        began = time.perf_counter()
        staged = [await part_of(children, data, chunk, report) for chunk in chunks]
        seconds = time.perf_counter() - began
    finally:
        await children.close()
    for one in staged:
        add(counted, one)
    return counted, seconds


async def part_of(children: Children, data: bytes, chunk: Chunk, report: str) -> bytes:
    """What one call of `generate_report` stages."""
    columns = CSV.columns(data[:10_000], at_end=False)
    window = RowWindow(f"{chunk.offset}", "r", report, None, "", "csv", columns, chunk.first_row, makes=GROUPS)
    rows = WindowData(data[chunk.offset : chunk.offset + chunk.length], 0, nothing)
    part = PartBuilder(children, window, rows, PartCursor(), Deadline(time.monotonic() + 600, time.monotonic))
    while not part.ended:
        await part.fill()
    return bytes((await part.staged(0)).documents)


def chunks_of(data: bytes) -> list[Chunk]:
    start, first = CSV.first(data[:10_000], at_end=False)
    return CSV.cut(data[start:], True, start, first, max(SMALLEST, len(data) // CHUNKS)).chunks


def add(counted: Counted, staged: bytes) -> None:
    for group in gathered(gather([staged[OFFSETS.size :]], 0, 1 << 16)):
        key = tuple(json.loads(group.pieces[0].key))
        counted[key] = counted.get(key, 0) + group.rows


async def nothing() -> bytes:
    return b"null"


def by_duckdb(file: Path) -> Counted:
    with duckdb.connect() as connection:
        found = connection.execute(QUERY.format(file=file)).fetchall()
    return {(carrier, month, origin): flights for carrier, month, origin, flights, *_ in found}


def by_polars(file: Path) -> Counted:
    delay = polars.col("dep_delay")
    found = (
        polars.scan_csv(file, null_values=["NA"])
        .group_by("carrier", "month", "origin")
        .agg(
            polars.len().alias("flights"),
            delay.count().alias("departed"),
            delay.mean().alias("mean_delay"),
            delay.max().alias("most_delay"),
            polars.col("distance").sum(),
        )
        .collect()
    )
    return {(one["carrier"], one["month"], one["origin"]): one["flights"] for one in found.iter_rows(named=True)}


if __name__ == "__main__":
    sys.exit(run(groups))
