"""The host as a child process, for tests and for the other parts of `local`."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

ROOT = Path(__file__).parents[2]
START_SECONDS = 60.0
STOP_SECONDS = 15.0


class NotStarted(Exception):
    """The host ended, or said nothing, before it was ready; the text holds what it said."""


class HostProcess:
    """Starts a host for the time of a `with` block; it is ready when the block begins, gone when it ends."""

    def __init__(
        self,
        app_dir: Path,
        data_dir: Path,
        port: int = 0,
        env: Mapping[str, str] | None = None,
        options: tuple[str, ...] = (),
    ) -> None:
        self._app = Path(app_dir)
        self._data = Path(data_dir)
        self._port = port
        self._environment = {**os.environ, **(env or {})}
        self._options = options
        self._process: subprocess.Popen[str] | None = None
        self.log = self._data.parent / f"{self._data.name}.log"  # what the host and its workers say
        self.url = ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Starts the host, also again after `kill` or `stop`; returns when it answers."""
        self._data.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("a", encoding="utf-8") as log:
            self._process = subprocess.Popen(
                [
                    sys.executable, "-m", "local.host", "--app", str(self._app), "--data", str(self._data),
                    "--port", str(self._port), *self._options,
                ],
                stdout=subprocess.PIPE, stderr=log, text=True, cwd=ROOT, env=self._environment,
            )  # fmt: skip
        self.url = self._ready_url(self._process)

    @property
    def pid(self) -> int:
        """The process id of the host."""
        return self._running.pid

    @property
    def function_key(self) -> str:
        """The key that opens the app's functions."""
        keys = self._secrets()["functionKeys"]
        return str(keys[0]["value"])

    @property
    def master_key(self) -> str:
        """The key that opens everything."""
        return str(self._secrets()["masterKey"]["value"])

    def kill(self) -> None:
        """SIGKILL: nothing is said goodbye to."""
        self._running.kill()
        self._collect()

    def stop(self) -> None:
        """SIGTERM, and SIGKILL when that is not enough; does nothing when the host is gone already."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        self._collect()

    @property
    def _running(self) -> subprocess.Popen[str]:
        if self._process is None:
            raise NotStarted("The host is not running.")
        return self._process

    def _collect(self) -> None:
        process, self._process = self._running, None
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()

    def _ready_url(self, process: subprocess.Popen[str]) -> str:
        """Waits for the line that says where the host listens."""
        assert process.stdout is not None
        lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=_forward, args=(process.stdout, lines), daemon=True).start()
        while True:
            try:
                line = lines.get(timeout=START_SECONDS)
            except queue.Empty:
                line = ""
            if line.startswith("host ready: "):
                return line.removeprefix("host ready: ").strip()
            if not line:
                process.kill()
                self._collect()
                raise NotStarted(f"The host did not start:\n{self.log.read_text(encoding='utf-8')[-4000:]}")

    def _secrets(self) -> dict[str, Any]:
        path = self._data / "secrets" / "host.json"
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return content


def _forward(stream: IO[str], lines: queue.Queue[str]) -> None:
    with suppress(ValueError):  # closed from the other side
        for line in stream:
            lines.put(line)
    lines.put("")
