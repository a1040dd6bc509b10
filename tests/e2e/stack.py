"""Host, database and inbox around the app, with HTTP calls and kills for tests."""

import gzip
import json
import os
import random
import shutil
import signal
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Any

from azure.cosmos import ContainerProxy, PartitionKey
from azure.cosmos.exceptions import CosmosResourceExistsError

from local.cosmos.control import Control
from local.json_calls import get, get_text
from local.stack.ports import Ports, is_taken
from local.stack.services import Services
from local.stack.settings import APP, sample_values
from outlast.models import RUNS_CONTAINER
from outlast.runs.app_documents import SECRET
from tests.e2e.local_command import eventually

JANUARY = APP / "samples/flights-2013-01.csv.gz"
VISIBILITY = "AzureFunctionsJobHost__extensions__durableTask__storageProvider__workItemQueueVisibilityTimeout"
BROKEN = APP / "samples/flights-broken.csv"
SECRET_OF_STACKS = "s3cret"
ENDED = {"Completed", "Failed", "Terminated"}


class Stack:
    def __init__(self, services: Services, data: Path) -> None:
        self.services = services
        self.data = data

    @property
    def master_key(self) -> str:
        secrets = json.loads((self.data / "host/secrets/host.json").read_text(encoding="utf-8"))
        return str(secrets["masterKey"]["value"])

    def start(self, report: str, body: bytes, key: str | None = None, **query: str) -> str:
        """Post a file, with an Idempotency-Key or without, and return the run's id."""
        status, answer = self.request("POST", f"/api/reports/{report}", body, key, **query)
        assert status == 202, answer
        return str(answer["id"])

    def start_with(self, report: str, input: Any, **options: Any) -> str:
        """Start with a file of the inputs location or a query, and return the run's id."""
        asked = json.dumps({"input": input, "options": options}).encode()
        status, answer = self.request("POST", f"/api/reports/{report}", asked, kind="application/json")
        assert status == 202, answer
        return str(answer["id"])

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        key: str | None = None,
        kind: str = "application/octet-stream",
        **query: str,
    ) -> tuple[int, Any]:
        """Send one call with the function key; return status and JSON body."""
        host = self.services.host
        url = f"{host.url}{path}?{urllib.parse.urlencode({**query, 'code': self.services.function_key})}"
        headers = {"Content-Type": kind, **({"Idempotency-Key": key} if key else {})}
        try:
            with urllib.request.urlopen(
                urllib.request.Request(url, body, headers, method=method), timeout=30
            ) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read() or b"null")

    def manage(self, method: str, instance: str, operation: str = "", body: bytes = b"", **query: str) -> int:
        """Send one call to the durable management API; return its status."""
        asked = urllib.parse.urlencode({**query, "code": self.master_key})
        url = f"{self.services.host.url}/runtime/webhooks/durabletask/instances/{instance}{operation}?{asked}"
        headers = {"Content-Type": "application/json"}
        try:
            with urllib.request.urlopen(
                urllib.request.Request(url, body, headers, method=method), timeout=30
            ) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code

    def sweep(self) -> None:
        """Fire the sweep without waiting for its end."""
        self.fire("sweep_runs")

    def fire(self, timer: str) -> None:
        """Fire a timer function without waiting for its end."""
        url = f"{self.services.host.url}/admin/functions/{timer}?code={self.master_key}"
        headers = {"Content-Type": "application/json"}
        urllib.request.urlopen(urllib.request.Request(url, b"{}", headers, method="POST"), timeout=30).close()

    def sweep_until(self, run: str, *states: str, seconds: float = 60) -> dict[str, Any]:
        """Fire the sweep until the record is in one of these states and nothing is pending; return it."""

        def reached() -> bool:
            self.sweep()
            record = self.record(run)
            return record["state"] in states and not record["pending"]

        self.wait_until(reached, f"{run} to be {' or '.join(states)}", seconds)
        return self.record(run)

    def status(self, run: str) -> dict[str, Any]:
        """Return the durable status of a run or any of its instances."""
        host = self.services.host
        found: dict[str, Any] = get(
            f"{host.url}/runtime/webhooks/durabletask/instances/{run}?code={self.master_key}&showHistory=true"
        )
        return found

    def rejects(self, run: str) -> list[str]:
        """Return the lines of the run's rejects file."""
        return get_text(f"{self.services.host.url}/api/runs/{run}/rejects", self.services.function_key).splitlines()

    def record(self, run: str) -> dict[str, Any]:
        """Return the run record as GET /api/runs/{run} shows it, when a worker that has been killed is replaced."""
        answer: list[Any] = []

        def answered() -> bool:
            answer[:] = self.request("GET", f"/api/runs/{run}")
            return bool(answer[0] < 500)

        self.wait_until(answered, f"an answer about {run}")
        record: dict[str, Any] = answer[1]["run"]
        return record

    def wait(self, run: str, seconds: float = 90) -> dict[str, Any]:
        """Wait until a run has ended; return its durable status."""
        self.wait_until(lambda: self.status(run)["runtimeStatus"] in ENDED, f"run {run} to end", seconds)
        return self.status(run)

    def wait_for_phase(self, run: str, phase: str) -> None:
        self.wait_until(lambda: (self.status(run)["customStatus"] or {}).get("phase") == phase, f"{run} to be {phase}")

    def wait_until(self, holds: Callable[[], bool], what: str, seconds: float = 60) -> None:
        assert eventually(holds, seconds), f"waited {seconds} s in vain for {what}"

    def instances(self, run: str) -> list[dict[str, Any]]:
        """Return every instance of a run, with its waves and lanes."""
        host = self.services.host
        found: list[dict[str, Any]] = get(
            f"{host.url}/runtime/webhooks/durabletask/instances?code={self.master_key}&instanceIdPrefix={run}"
        )
        return found

    def mails(self) -> list[dict[str, Any]]:
        mails: list[dict[str, Any]] = get(f"{self.services.inbox.url}/api/mails")["mails"]
        return mails

    def mails_about(self, run: str) -> list[dict[str, Any]]:
        return [mail for mail in self.mails() if run in mail["subject"]]

    def let_inbox_answer(self, *answers: int) -> None:
        """Set the statuses of the inbox's next answers. After them it accepts again."""
        body = json.dumps(answers).encode()
        request = urllib.request.Request(
            f"{self.services.inbox.url}/api/answers", body, {"Content-Type": "application/json"}
        )
        urllib.request.urlopen(request, timeout=10).close()

    @contextmanager
    def container(self, name: str) -> Iterator[ContainerProxy]:
        with self.services.open_database() as database:
            yield database.get_container_client(name)

    def give_secret(self) -> None:
        """Give the app the secret that tests know, so that they can compute the ids of runs before they are posted."""
        with self.container(RUNS_CONTAINER) as container, suppress(CosmosResourceExistsError):
            container.create_item({"id": SECRET, "members": {"secret": SECRET_OF_STACKS}})

    def ids(self, name: str) -> list[str]:
        """Return the id of every document in a container."""
        with self.container(name) as container:
            found = container.query_items("SELECT c.id FROM c", enable_cross_partition_query=True)
            return [document["id"] for document in found]

    def current(self, report: str) -> list[dict[str, Any]]:
        """Return what a reader of a snapshot report sees, by the query that the app gives."""
        told = self.request("GET", f"/api/reports/{report}/current")[1]
        with self.container(told["container"]) as container:
            return list(
                container.query_items(told["query"], parameters=told["parameters"], enable_cross_partition_query=True)
            )

    def make_container_anew(self, name: str, partition_key: str, request_units: int) -> None:
        """Replace the container by an empty one with these RU/s. A change of the RU/s would keep the number of
        partitions: one partition of 400 RU/s is not four of 100."""
        with self.services.open_database() as database:
            database.delete_container(name)
            database.create_container(name, PartitionKey(partition_key), offer_throughput=request_units)

    @property
    def database(self) -> Control:
        return Control(self.services.cosmos.url)

    def kill_host_and_start_again(self) -> None:
        self.services.host.kill()
        self.services.host.__enter__()

    def kill_database_and_start_again(self) -> None:
        """Start it on the same port, with its data on disk."""
        self.services.cosmos.kill()
        self.services.cosmos.__enter__()

    def workers(self) -> list[int]:
        """Return the process ids of the host's workers."""
        pid = self.services.host.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
        return [int(child) for child in children]

    def kill_workers(self) -> list[int]:
        workers = self.workers()
        for worker in workers:
            os.kill(worker, signal.SIGKILL)
        return workers

    def kill_workers_in_a_turn(self, instance: str) -> None:
        """Kill the workers while the instance's orchestrator is replayed. A stopped worker does not answer, so the turn
        that an event brings about is under way when the worker dies."""
        for worker in self.workers():
            os.kill(worker, signal.SIGSTOP)
        self.manage("POST", instance, "/raiseEvent/nobody-waits-for-it", b"1")
        self.manage("GET", instance)  # answered by the loop that has passed the turn on by then
        self.kill_workers()


@contextmanager
def running(
    data: Path,
    settings: Mapping[str, str] | None = None,
    app: Path = APP,
    host: Sequence[str] = (),
    cosmos: Sequence[str] = (),
) -> Iterator[Stack]:
    """All services on free ports, ready when this yields. `settings` are beside those of the sample."""
    values = {**sample_values(app), VISIBILITY: "00:00:01", **(settings or {})}
    with Services(app, data, Ports(cosmos=free_port()), values, host=host, cosmos=cosmos) as services:
        stack = Stack(services, data)
        stack.give_secret()
        yield stack


def free_port() -> int:
    """Return a port below those that the system gives to connections, so that it is free again after a crash."""
    ports = (random.randrange(20_000, 30_000) for _ in range(100))
    return next(port for port in ports if not is_taken(port))


def copy_app(folder: Path, *more_reports: Path) -> Path:
    """Copy what is deployed and the samples, and add reports to `reports/`."""
    for name in ("activities", "orchestrators", "outlast", "reports", "samples", "ui"):
        shutil.copytree(APP / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("function_app.py", "host.json", "local.settings.sample.json"):
        shutil.copy(APP / name, folder)
    for path in more_reports:
        shutil.copy(path, folder / "reports")
    return folder


def first_rows(count: int) -> bytes:
    """Return the header and the first rows of January."""
    with gzip.open(JANUARY, "rb") as lines:
        return b"".join(islice(lines, count + 1))
