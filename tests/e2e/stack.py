"""Host, database and inbox around the app, as a test drives them: by HTTP, and by killing what runs."""

import gzip
import json
import os
import signal
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from azure.cosmos import ContainerProxy, PartitionKey

from local.app_settings import APP, sample_values
from local.calls import get, get_text
from local.parts import Parts
from local.ports import Ports
from tests.e2e.local_command import eventually

JANUARY = APP / "samples/flights-2013-01.csv.gz"
BROKEN = APP / "samples/flights-broken.csv"
ENDED = {"Completed", "Failed", "Terminated"}


class Stack:
    def __init__(self, parts: Parts, data: Path) -> None:
        self.parts = parts
        self.data = data

    @property
    def master_key(self) -> str:
        secrets = json.loads((self.data / "host/secrets/host.json").read_text(encoding="utf-8"))
        return str(secrets["masterKey"]["value"])

    def start(self, report: str, body: bytes, **query: str) -> str:
        """Post a file and return the run's id."""
        return str(self.request("POST", f"/api/reports/{report}", body, **query)[1]["id"])

    def request(self, method: str, path: str, body: bytes | None = None, **query: str) -> tuple[int, Any]:
        """Status and JSON body of one call, with the function key."""
        host = self.parts.host
        url = f"{host.url}{path}?{urllib.parse.urlencode({**query, 'code': self.parts.function_key})}"
        headers = {"Content-Type": "application/octet-stream"}
        try:
            with urllib.request.urlopen(
                urllib.request.Request(url, body, headers, method=method), timeout=30
            ) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read() or b"null")

    def status(self, run: str) -> dict[str, Any]:
        """The durable status of a run or any of its instances."""
        host = self.parts.host
        found: dict[str, Any] = get(
            f"{host.url}/runtime/webhooks/durabletask/instances/{run}?code={self.master_key}&showHistory=true"
        )
        return found

    def rejects(self, run: str) -> list[str]:
        """The lines of the run's rejects file."""
        return get_text(f"{self.parts.host.url}/api/runs/{run}/rejects", self.parts.function_key).splitlines()

    def record(self, run: str) -> dict[str, Any]:
        """The run record, as GET /api/runs/{run} shows it."""
        record: dict[str, Any] = self.request("GET", f"/api/runs/{run}")[1]["run"]
        return record

    def wait(self, run: str, seconds: float = 90) -> dict[str, Any]:
        """The durable status of a run that has ended."""
        self.wait_until(lambda: self.status(run)["runtimeStatus"] in ENDED, f"run {run} to end", seconds)
        return self.status(run)

    def wait_for_phase(self, run: str, phase: str) -> None:
        self.wait_until(lambda: (self.status(run)["customStatus"] or {}).get("phase") == phase, f"{run} to be {phase}")

    def wait_until(self, holds: Callable[[], bool], what: str, seconds: float = 60) -> None:
        assert eventually(holds, seconds), f"waited {seconds} s in vain for {what}"

    def instances(self, run: str) -> list[dict[str, Any]]:
        """Every instance of a run, waves and lanes too."""
        host = self.parts.host
        found: list[dict[str, Any]] = get(
            f"{host.url}/runtime/webhooks/durabletask/instances?code={self.master_key}&instanceIdPrefix={run}"
        )
        return found

    def mails(self) -> list[dict[str, Any]]:
        mails: list[dict[str, Any]] = get(f"{self.parts.inbox.url}/api/mails")["mails"]
        return mails

    def let_inbox_answer(self, *answers: int) -> None:
        """The inbox's next answers; then it accepts again."""
        body = json.dumps(answers).encode()
        request = urllib.request.Request(
            f"{self.parts.inbox.url}/api/answers", body, {"Content-Type": "application/json"}
        )
        urllib.request.urlopen(request, timeout=10).close()

    @contextmanager
    def container(self, name: str) -> Iterator[ContainerProxy]:
        with self.parts.open_database() as database:
            yield database.get_container_client(name)

    def ids(self, name: str) -> list[str]:
        """The id of every document in a container."""
        with self.container(name) as container:
            found = container.query_items("SELECT c.id FROM c", enable_cross_partition_query=True)
            return [document["id"] for document in found]

    def make_container_anew(self, name: str, partition_key: str, request_units: int) -> None:
        """The container with other RU/s: one partition of 400 is not four of 100."""
        with self.parts.open_database() as database:
            database.delete_container(name)
            database.create_container(name, PartitionKey(partition_key), offer_throughput=request_units)

    def kill_host_and_start_again(self) -> None:
        self.parts.host.kill()
        self.parts.host.__enter__()

    def workers(self) -> list[int]:
        """The process ids of the host's workers."""
        pid = self.parts.host.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
        return [int(child) for child in children]

    def kill_workers(self) -> list[int]:
        workers = self.workers()
        for worker in workers:
            os.kill(worker, signal.SIGKILL)
        return workers


@contextmanager
def running(data: Path, settings: Mapping[str, str] | None = None) -> Iterator[Stack]:
    """All parts on free ports, ready when this yields; `settings` beside those of the sample."""
    with Parts(APP, data, Ports(), {**sample_values(APP), **(settings or {})}) as parts:
        yield Stack(parts, data)


def first_rows(count: int) -> bytes:
    """The header and the first rows of January."""
    with gzip.open(JANUARY, "rb") as lines:
        return b"".join(islice(lines, count + 1))
