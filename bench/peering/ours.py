"""Our run of the same file, in the place of a script."""

import os
import signal
import time
from collections.abc import Callable
from io import StringIO
from pathlib import Path

from bench.peering.scripts import LOOK_SECONDS, Outcome
from bench.peering.shelf import Shelf
from bench.scaling.processes import workers_of
from bench.scaling.runs import House
from local.demo.running import api_of, watch
from local.json_calls import post_json

REPORT = "plain_orders"


class Ours:
    name, missing = "ours", ""

    def run(self, shelf: Shelf, file: Path) -> Outcome:
        """Host and worker count both, the worker with the processes in which it runs the report."""
        house = House(shelf.services)
        before = house.used()
        ran = house.run(file.name, REPORT)
        after = house.used()
        cpu = after.cpu_seconds + after.host_seconds - before.cpu_seconds - before.host_seconds
        return Outcome(seconds=ran.seconds, cpu_seconds=cpu, peak_mb=after.worker_mb + after.host_mb)

    def run_killed(self, shelf: Shelf, file: Path, when: Callable[[], bool]) -> None:
        """Kill the worker, which is the process that stores. The host starts another, as it does on Azure, and the
        run goes on; nobody starts it again."""
        services = shelf.services
        url = f"{services.host.url}/api/reports/{REPORT}"
        started = post_json(url, {"input": file.name}, services.function_key)
        while not when():
            time.sleep(LOOK_SECONDS)
        for worker in workers_of(services.host.pid):
            os.kill(worker, signal.SIGKILL)
        with api_of(services) as api:
            run = watch(api, started, StringIO()).run
        if run.state != "completed":
            raise RuntimeError(f"the run is not what is measured here: {run.record}")
