"""A local part as a process of its own, that ends when this one does, however this one ends."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Thread
from typing import Self

from local.console import LocalError, say

ROOT = Path(__file__).parents[2]
STOP_SECONDS = 20
Process = subprocess.Popen[str]


class Child:
    """`with Child("inbox", "--port", "0") as inbox:` has it answering at `inbox.url`."""

    def __init__(self, part: str, *arguments: str, environment: Mapping[str, str] | None = None) -> None:
        self._part = part
        self._arguments = arguments
        self._environment = environment or {}
        self._process: Process | None = None
        self.url = ""

    def __enter__(self) -> Self:
        self._process = self._begin()
        try:
            self.url = self._ready_url(self._process)
        except BaseException:
            self.kill()
            raise
        Thread(target=self._pass_on, args=(self._process,), daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        assert self._process, f"the {self._part} was not started"
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def kill(self) -> None:
        """End it as a crash would."""
        self._end(Process.kill)

    def stop(self) -> None:
        """End it as Ctrl-C would; as a crash where it takes too long."""
        self._end(Process.terminate)

    def _begin(self) -> Process:
        """In a session of its own: a terminal's Ctrl-C is for this process, which ends its services in their order."""
        return subprocess.Popen(
            [sys.executable, "-m", "local", "--with-parent", self._part, *self._arguments],
            cwd=ROOT,
            env={**os.environ, **self._environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def _end(self, how: Callable[[Process], None]) -> None:
        process, self._process = self._process, None
        if not process:
            return
        how(process)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        assert process.stdin
        process.stdin.close()

    def _ready_url(self, process: Process) -> str:
        """The address in the line that tells it; an error where the process ends without."""
        assert process.stdout
        for line in process.stdout:
            if line.startswith(f"{self._part} ready: "):
                return line.partition(": ")[2].split()[0]
        code = process.wait()
        raise LocalError(f"`python -m local {self._part}` did not start (exit code {code}); its reason is above.")

    def _pass_on(self, process: Process) -> None:
        """Until it ends: a pipe that nobody empties would stop it."""
        assert process.stdout
        with process.stdout:
            for line in process.stdout:
                say(line.rstrip())


class InboxProcess(Child):
    def __init__(self, data_dir: Path | None = None, port: int = 0, key: str | None = None) -> None:
        data = ["--data", str(data_dir)] if data_dir else []
        secret = ["--key", key] if key else []
        super().__init__("inbox", "--port", str(port), *data, *secret)
