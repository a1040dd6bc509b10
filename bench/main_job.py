"""The whole durable run, POST to receipt, against the loop that people have today: `create_item`, row by row.

First January, then a large file, for which the database answers at once, or each request some milliseconds later, as
over a network.
"""

import csv
import gzip
import json
import sys
import time
from collections.abc import Iterator
from io import StringIO
from itertools import islice
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from azure.cosmos import ContainerProxy, DatabaseProxy, PartitionKey

from bench.runner import Figure, run
from bench.scaling.rows import write_flights
from bench.scaling.runs import CONTAINER, house
from local.cosmos.control import Control
from local.demo.running import api_of, start, watch
from local.json_calls import bypass_proxies
from local.stack.ports import Ports
from local.stack.services import Services
from local.stack.settings import APP, sample_values
from outlast_cli.api import Api

JANUARY = APP / "samples/flights-2013-01.csv.gz"
THROUGHPUT = 40_000
UNTHROTTLED = ("--unthrottled",)
"""For a carrier is one logical partition, whose request units the run would use up and the loop would not."""
DELAYED = ("create", "read", "replace", "query", "batch", "bulk", "pkranges", "metadata")
"""Requests. Operations within a bulk request are upserts: they are not delayed one by one."""


def main_job(quick: bool) -> Iterator[Figure]:
    bypass_proxies()
    with (
        TemporaryDirectory() as data,
        Services(APP, Path(data), Ports(), sample_values(APP), UNTHROTTLED) as services,
        api_of(services) as app,
        services.open_database() as database,
    ):
        runs, rows = (1, 500) if quick else (5, 3000)
        pairs = [pair(app, database, rows) for _ in range(runs)]
    run_rate, rate_of_loop = median(ours for ours, _ in pairs), median(theirs for _, theirs in pairs)
    yield Figure(name="run_rows_per_s", value=run_rate, unit="rows/s", goal=1000, direction="min")
    yield Figure(name="loop_rows_per_s", value=rate_of_loop, unit="rows/s", goal=0, direction="min")
    ratio = median(ours / theirs for ours, theirs in pairs)
    yield Figure(name="run_against_loop", value=ratio, unit="times", goal=10, direction="min")
    for latency, goal in ((0, 40), (5, 150)):
        ratio = against_loop(latency, 100_000 if quick else 1_000_000, 500 if quick else 3000)
        yield Figure(name=f"run_against_loop_{latency}ms", value=ratio, unit="times", goal=goal, direction="min")


def against_loop(latency_ms: int, rows: int, looped: int) -> float:
    """Rows a second of a run of so many over those of the loop, which stores fewer."""
    with TemporaryDirectory() as inputs, house(Path(inputs)) as one, one.services.open_database() as database:
        write_flights(Path(inputs) / "flights.csv", rows)
        emulator = Control(one.services.cosmos.url)
        for kind in DELAYED if latency_ms else ():
            emulator.add_fault(kind=kind, latency_ms=latency_ms)
        ran = one.run("flights.csv")
        return ran.rows / ran.seconds / loop_rate(database.get_container_client(CONTAINER), looped)


def pair(app: Api, database: DatabaseProxy, rows: int) -> tuple[float, float]:
    """Both into a new container: to replace a document is more work than to create one."""
    database.delete_container(CONTAINER)
    container = database.create_container(CONTAINER, PartitionKey("/carrier"), offer_throughput=THROUGHPUT)
    return durable_rate(app), loop_rate(container, rows)


def durable_rate(app: Api) -> float:
    """Rows a second of one run of January, from before the POST until it is completed."""
    begun = time.perf_counter()
    run = watch(app, start(app, "flight_delays", JANUARY), StringIO()).run
    seconds = time.perf_counter() - begun
    receipt = run.record["receipt"] or {}
    if run.state != "completed" or receipt["rows_stored"] != 27_004:
        raise RuntimeError(f"the run is not what is measured here: {run.record}")
    return float(receipt["rows_stored"] / seconds)


def loop_rate(container: ContainerProxy, rows: int) -> float:
    """Rows a second of the loop: read a row, make its document, create it, wait; ids differ from run to run."""
    stamp = time.time_ns()
    with gzip.open(JANUARY, "rt", encoding="utf-8", newline="") as lines:
        documents = [{"id": f"loop-{stamp}-{n}", **row} for n, row in enumerate(islice(csv.DictReader(lines), rows))]
    begun = time.perf_counter()
    for document in documents:
        container.create_item(_typed(document))
    return len(documents) / (time.perf_counter() - begun)


def _typed(document: dict[str, str]) -> dict[str, Any]:
    """Numbers as numbers, as the report makes them too."""
    return {name: json.loads(value) if value.lstrip("-").isdigit() else value for name, value in document.items()}


if __name__ == "__main__":
    sys.exit(run(main_job))
