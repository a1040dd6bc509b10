"""Whole runs on the embedded services, by reference, one after another or many at once."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from azure.cosmos import PartitionKey

from bench.scaling.meanwhile import meanwhile
from bench.scaling.processes import Used, used_by
from local.json_calls import bypass_proxies, get, post_json
from local.stack.ports import Ports
from local.stack.services import Services
from local.stack.settings import APP, sample_values

CONTAINER, REPORT = "flight-delays", "flight_delays"
EVERY_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Ran:
    """One run: its rows, the seconds from before its POST until it is completed, when each phase was first seen, its
    receipt."""

    rows: int
    seconds: float
    phases: Mapping[str, float]
    receipt: dict[str, Any]

    @property
    def storing_seconds(self) -> float:
        return self.phases.get("publishing", self.seconds) - self.phases["storing"]


@dataclass(slots=True)
class House:
    """Running services whose inputs are the files of a folder."""

    services: Services

    def run(self, file: str, report: str = REPORT) -> Ran:
        """Import one file."""
        [ran] = self.run_all([file], report)
        return ran

    def run_all(self, files: Sequence[str], report: str = REPORT) -> list[Ran]:
        """Post all files at once, and wait until the last run is completed."""
        begun = time.perf_counter()
        return [ended(one["statusQueryGetUri"], begun) for one in self.post_all(files, report)]

    def post_all(self, files: Sequence[str], report: str = REPORT) -> list[dict[str, str]]:
        """Return the answers, which have `id` and `statusQueryGetUri`."""
        url = f"{self.services.host.url}/api/reports/{report}"
        return [post_json(url, {"input": file}, self.services.function_key) for file in files]

    @contextmanager
    def asked(self, runs: Sequence[str]) -> Iterator[list[float]]:
        """Meanwhile, ask for one run after another; the list has the milliseconds that each answer took."""
        took, turns = list[float](), cycle(runs)

        def ask() -> None:
            begun = time.perf_counter()
            get(f"{self.services.host.url}/api/runs/{next(turns)}", self.services.function_key)
            took.append(1000 * (time.perf_counter() - begun))

        with meanwhile(ask, EVERY_SECONDS):
            yield took

    def used(self) -> Used:
        return used_by(self.services.host.pid)

    def empty(self, throughput: int) -> None:
        """Make the container anew: to replace a document is more work than to create one."""
        with self.services.open_database() as database:
            database.delete_container(CONTAINER)
            database.create_container(CONTAINER, PartitionKey("/carrier"), offer_throughput=throughput)


def ended(url: str, begun: float) -> Ran:
    phases: dict[str, float] = {}
    while (status := get(url))["runtimeStatus"] in ("Pending", "Running"):
        phases.setdefault((status["customStatus"] or {}).get("phase", ""), time.perf_counter() - begun)
        time.sleep(EVERY_SECONDS)
    if status["runtimeStatus"] != "Completed":
        raise RuntimeError(f"the run is not what is measured here: {json.dumps(status)[:500]}")
    return Ran(status["output"]["rows_stored"], time.perf_counter() - begun, phases, status["output"])


@contextmanager
def house(inputs: Path, *, workers: int = 1) -> Iterator[House]:
    """Services with an unlimited database."""
    bypass_proxies()
    settings = {
        **sample_values(APP),
        "INPUTS_URL": inputs.as_uri(),
        "FUNCTIONS_WORKER_PROCESS_COUNT": str(workers),
    }
    with TemporaryDirectory() as data, Services(APP, Path(data), Ports(), settings, ("--unthrottled",)) as services:
        yield House(services)
