"""How quick and how small the embedded host is."""

import json
import sqlite3
import statistics
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.runner import Figure, run
from local.host.process import HostProcess

ROOT = Path(__file__).parents[1]
APP = Path(__file__).parent / "host_app"
WEBHOOK = "/runtime/webhooks/durabletask"
LANES = 32
JANUARY = {"chunks": 24, "waves": 2, "seconds": 0}  # as many calls as a run of January makes: 12 chunks, two phases
PATIENCE = 900.0


class Bench:
    """A host with the bench's app."""

    def __init__(self, process: HostProcess, folder: Path) -> None:
        self.process = process
        self.folder = folder
        self.worker = _child(process.pid)

    def call(self, method: str, path: str, body: bytes | None = None) -> Any:
        """One request; its answer, parsed."""
        headers = {"x-functions-key": self.process.master_key, "Content-Type": "application/json"}
        request = urllib.request.Request(self.process.url + path, body, headers, method=method)
        with urllib.request.urlopen(request, timeout=60) as response:
            content = response.read()
        return json.loads(content) if content[:1] in b"[{" else content

    def start(self, name: str, instance: str, given: Any = None) -> None:
        """Starts an instance."""
        self.call("POST", f"{WEBHOOK}/orchestrators/{name}/{instance}", json.dumps(given).encode())

    def finish(self, prefix: str) -> None:
        """Returns when no instance with this prefix runs any more."""
        end = time.monotonic() + PATIENCE
        query = f"?instanceIdPrefix={prefix}&runtimeStatus=Pending,Running&top=1&showInput=false"
        while self.call("GET", f"{WEBHOOK}/instances{query}"):
            if time.monotonic() > end:
                raise TimeoutError(f"{prefix} still runs after {PATIENCE:g} s")
            time.sleep(0.05)

    def play(self, chunks: int, waves: int, seconds: float, instance: str) -> float:
        """Runs chunks in waves of lanes; gives back how long it took."""
        began = time.monotonic()
        self.start("run", instance, {"chunks": chunks, "waves": waves, "seconds": seconds})
        self.finish(instance)
        return time.monotonic() - began

    def kilobytes(self) -> float:
        """What the file holds, free pages left out."""
        with closing(sqlite3.connect(self.folder / "data" / "host.db")) as connection:
            (pages,), (free,), (size,) = (
                connection.execute(f"PRAGMA {name}").fetchone()
                for name in ("page_count", "freelist_count", "page_size")
            )
        return float((pages - free) * size / 1024)


@contextmanager
def served() -> Iterator[Bench]:
    """A fresh host for one figure."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        with HostProcess(APP, folder / "data") as process:
            yield Bench(process, folder)


def ready_s() -> float:
    """Process start to the answer of a function of our own app, whatever the answer."""
    with TemporaryDirectory() as name:
        began = time.monotonic()
        with HostProcess(ROOT, Path(name) / "data") as process:
            try:
                urllib.request.urlopen(f"{process.url}/api/reports", timeout=60).close()
            except urllib.error.HTTPError as answer:
                answer.close()
            return time.monotonic() - began


def activities_per_s(instances: int) -> float:
    """Flat fan-outs of 100 over many instances."""
    with served() as host:
        began = time.monotonic()
        for n in range(instances):
            host.start("flat", f"flat-{n}")
        host.finish("flat-")
        return 100 * instances / (time.monotonic() - began)


def orchestration_share(chunks: int, waves: int) -> float:
    """By what share the wall time of chunks of a second exceeds what 32 lanes need at least."""
    with served() as host:
        return host.play(chunks, waves, 1, "run") / (chunks / LANES) - 1


def replay_growth(chunks: int) -> float:
    """Worker CPU of ten times as many chunks over that of this many; the chunks themselves take none."""
    spent = []
    for count, waves in ((chunks, 2), (10 * chunks, 20)):
        with served() as host:
            before = _cpu(host.worker)
            host.play(count, waves, 0, "run")
            spent.append(_cpu(host.worker) - before)
    return spent[1] / spent[0]


def post_p99_ms(posts: int) -> float:
    """POSTs of 100 KB at 5 a second while four lanes generate and write."""
    body = b"x" * 100_000
    took = []
    with served() as host:
        for lane in range(4):
            host.start("busy", f"busy-{lane}")
        began = time.monotonic()
        for n in range(posts):
            time.sleep(max(0.0, began + n / 5 - time.monotonic()))
            sent = time.monotonic()
            host.call("POST", f"/api/post?folder={host.folder}", body)
            took.append(1000 * (time.monotonic() - sent))
    return statistics.quantiles(took, n=100)[98]


def host_mb() -> float:
    """Resident memory of the host process with 1,000 finished and 10 running instances."""
    with served() as host:
        for n in range(1000):
            host.start("flat_one", f"done-{n}")
        for n in range(10):
            host.start("waiting", f"waiting-{n}")
        host.finish("done-")
        return _resident_mb(host.process.pid)


def run_kb() -> tuple[float, float]:
    """What a finished run of January leaves in the file, and what is left of that after it is purged."""
    with served() as host:
        empty = host.kilobytes()
        host.play(**JANUARY, instance="january")
        full = host.kilobytes()
        host.call("DELETE", f"{WEBHOOK}/instances?createdTimeFrom=2020-01-01T00:00:00Z")
        return full - empty, host.kilobytes() - empty


def host(quick: bool) -> Iterator[Figure]:
    """The figures of the host."""

    def median(measure: Callable[[], float], runs: int = 5) -> float:
        return statistics.median(measure() for _ in range(1 if quick else runs))

    yield Figure(name="ready_s", value=median(ready_s), unit="s", goal=1.5, direction="max")
    rate = median(lambda: activities_per_s(20 if quick else 100))
    yield Figure(name="activities_per_s", value=rate, unit="1/s", goal=1000, direction="min")
    share = orchestration_share(*((256, 1) if quick else (10_000, 20)))
    yield Figure(name="orchestration_share", value=share, unit="", goal=0.05, direction="max")
    growth = replay_growth(100 if quick else 1000)
    yield Figure(name="replay_growth", value=growth, unit="", goal=11, direction="max")
    slowest = median(lambda: post_p99_ms(50 if quick else 200), runs=3)
    yield Figure(name="post_p99_ms", value=slowest, unit="ms", goal=50, direction="max")
    yield Figure(name="host_mb", value=host_mb(), unit="MB", goal=150, direction="max")
    ramped_up, left = run_kb()
    yield Figure(name="run_kb", value=ramped_up, unit="KB", goal=1000, direction="max")
    yield Figure(name="run_kb_after_purge", value=left, unit="KB", goal=100, direction="max")


def _child(pid: int) -> int:
    """The host's worker."""
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()[0])


def _cpu(pid: int) -> float:
    """Seconds of processor time."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def _resident_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS:")).split()[1]) / 1024


if __name__ == "__main__":
    sys.exit(run(host))
