"""Runs back to back for an hour on one machine: what grows in the processes and on the disk.

    python -m bench.long [--quick]     (an hour; quick: five minutes)

Files, histories and records of an ended run are removed by the app's own sweep, which is told to keep none. The growth
is the slope by least squares, behind the first quarter of the time, in which caches fill. `reports` are the processes
in which the worker runs the code of reports.
"""

import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import linear_regression
from tempfile import TemporaryDirectory

from bench.runner import Figure, run
from bench.scaling.meanwhile import meanwhile
from bench.scaling.processes import below, held_mb, workers_of
from bench.scaling.rows import write_flights
from bench.scaling.runs import House
from local.json_calls import bypass_proxies
from local.stack.ports import Ports
from local.stack.services import Services
from local.stack.settings import APP, sample_values

ROWS = 20_000
EVERY_SECONDS = 5.0
TEN_MINUTES = 600.0
KEEP_NOTHING = {"RETENTION_DAYS": "0", "RECORD_DAYS": "0", "SNAPSHOT_GRACE_SECONDS": "0"}


def long(quick: bool) -> Iterator[Figure]:
    seconds = 300 if quick else 3600
    with TemporaryDirectory() as folder, _house(Path(folder)) as house, _watched(house.services, Path(folder)) as seen:
        until, runs = time.monotonic() + seconds, 0
        while time.monotonic() < until:
            house.run("flights.csv")
            runs += 1
    yield Figure(name="long_runs", value=runs, unit="runs", goal=0, direction="min")
    for name in ("host", "worker", "reports", "emulator"):
        growth = seen.growth(name)
        yield Figure(name=f"long_{name}_growth_mb", value=growth, unit="MB", goal=1, direction="max")
    growth, most = seen.growth("disk"), max(seen.of("disk"))
    yield Figure(name="long_disk_growth_mb", value=growth, unit="MB", goal=1, direction="max")
    yield Figure(name="long_disk_most_mb", value=most, unit="MB", goal=500, direction="max")


@dataclass(slots=True)
class Samples:
    """MB by name, every EVERY_SECONDS."""

    taken: list[tuple[float, Mapping[str, float]]] = field(default_factory=list)

    def of(self, name: str) -> Sequence[float]:
        return [one[name] for _, one in self.taken]

    def growth(self, name: str) -> float:
        """MB in ten minutes, behind the first quarter of the time."""
        later = [(at, one[name]) for at, one in self.taken[len(self.taken) // 4 :]]
        return linear_regression(*zip(*later, strict=True)).slope * TEN_MINUTES


@contextmanager
def _house(folder: Path) -> Iterator[House]:
    bypass_proxies()
    inputs = folder / "inputs"
    inputs.mkdir()
    write_flights(inputs / "flights.csv", ROWS)
    settings = {**sample_values(APP), "INPUTS_URL": inputs.as_uri(), **KEEP_NOTHING}
    with Services(APP, folder / "data", Ports(), settings, ("--unthrottled",)) as services:
        yield House(services)


@contextmanager
def _watched(services: Services, folder: Path) -> Iterator[Samples]:
    """Samples of what the services hold."""
    samples, began = Samples(), time.monotonic()

    def look() -> None:
        samples.taken.append((time.monotonic() - began, _sample(services, folder)))

    with meanwhile(look, EVERY_SECONDS):
        yield samples


def _sample(services: Services, folder: Path) -> dict[str, float]:
    host = services.host.pid
    [worker] = workers_of(host)
    found = {"host": held_mb(host), "emulator": held_mb(services.cosmos.pid), "worker": held_mb(worker)}
    return {**found, "reports": sum(map(held_mb, below(worker))), "disk": _bytes_below(folder) / 1e6}


def _bytes_below(folder: Path) -> int:
    """Bytes of all files, without those that are removed meanwhile."""
    size = 0
    for path, _, names in os.walk(folder):  # it passes over a folder that is removed while it is listed
        for name in names:
            with suppress(FileNotFoundError):
                size += (Path(path) / name).stat().st_size
    return size


if __name__ == "__main__":
    sys.exit(run(long))
