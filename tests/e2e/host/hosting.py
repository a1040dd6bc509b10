"""A host around the test app, with helpers to call it, start instances and wait for them."""

import json
import os
import shutil
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Any

from local.host.process import HostProcess

APP = Path(__file__).parent / "app"
SETTINGS = {"IsEncrypted": False, "Values": {"EVERY": "0 0 4 1 1 *"}}
PATIENCE = 30.0  # seconds in which whatever a test waits for must have happened
WEBHOOK = "/runtime/webhooks/durabletask"
FINISHED = {"Completed", "Failed", "Terminated"}


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Message
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()


class Hosted:
    """A running host with the test app."""

    def __init__(self, process: HostProcess, folder: Path) -> None:
        self.process = process
        self.app = folder / "app"
        self.data = folder / "data"
        self.notes = folder / "notes"

    def call(
        self, method: str, path: str, body: Any = None, *, key: str | None = None, headers: Mapping[str, str] = {}
    ) -> Answer:
        """Send one request; `body` is sent as JSON unless it is bytes."""
        url = path if path.startswith("http") else self.process.url + path
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"Content-Type": "application/json", **({"x-functions-key": key} if key else {}), **headers}
        request = urllib.request.Request(url, data, sent, method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as response:
                return Answer(response.status, response.headers, response.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers, error.read())

    def manage(self, method: str, path: str, body: Any = None, **query: str) -> Answer:
        """Send one request to the management API."""
        text = f"?{urllib.parse.urlencode(query)}" if query else ""
        return self.call(method, f"{WEBHOOK}{path}{text}", body, key=self.process.master_key)

    def start(self, name: str, instance: str, given: Any = None) -> None:
        """Start an instance through the SDK's client."""
        answer = self.call("POST", f"/api/client/start/{instance}", {"name": name, "input": given})
        assert answer.status == 202, answer

    def status(self, instance: str, **query: str) -> dict[str, Any]:
        """Return an instance as the management API shows it."""
        shown: dict[str, Any] = self.manage("GET", f"/instances/{urllib.parse.quote(instance)}", **query).json
        return shown

    def finished(self, instance: str) -> dict[str, Any]:
        """Wait until the instance is over; return its status with its history."""
        eventually(lambda: self.status(instance)["runtimeStatus"] in FINISHED, f"{instance} to be over")
        return self.status(instance, showHistory="true", showHistoryOutput="true")

    def result(self, name: str, given: Any = None) -> Any:
        """Start an orchestrator and return its output."""
        instance = f"{name}-{time.monotonic_ns()}"
        self.start(name, instance, given)
        return self.finished(instance)["output"]

    def noted(self, name: str) -> list[str]:
        """Return the lines that functions wrote to the note of this name."""
        path = self.notes / name
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    def log(self) -> str:
        """Return the output of the host and its workers."""
        return self.process.said()


@contextmanager
def hosted(folder: Path, *options: str, env: Mapping[str, str] | None = None) -> Iterator[Hosted]:
    """Run a host with its own copy of the test app and its own data."""
    prepare(folder)
    environment = {"NOTES": str(folder / "notes"), **(env or {})}
    with HostProcess(folder / "app", folder / "data", env=environment, options=options) as process:
        yield Hosted(process, folder)


def prepare(folder: Path) -> None:
    """Copy the test app and make the folder for its notes."""
    shutil.copytree(APP, folder / "app", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "app" / "local.settings.json").write_text(json.dumps(SETTINGS), encoding="utf-8")
    (folder / "notes").mkdir()


def eventually(holds: Callable[[], Any], what: str) -> None:
    """Ask until the condition holds; fail after PATIENCE seconds."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, f"waited {PATIENCE:g} s for {what}"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    """Return whether a process exists and is no zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def worker_of(host: Hosted) -> int:
    """Ask the app for the process id of a worker."""
    return int(host.call("GET", "/api/pid").text)


def killed(pid: int) -> None:
    """Send SIGKILL and wait until the process is gone."""
    os.kill(pid, 9)
    eventually(lambda: not is_alive(pid), f"process {pid} to be gone")
