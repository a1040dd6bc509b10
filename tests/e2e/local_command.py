"""Runs `python -m local …` as a user does: starts it, reads its output, sends it signals, and finds processes that it
leaves."""

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from threading import Timer
from typing import Self

ROOT = Path(__file__).resolve().parents[2]
MARK = "OUTLAST_TEST_MARK"
MOST_SECONDS = 180  # then it is killed, so that a test that waits for its output fails and does not hang


class LocalCommand:
    """Marks the command and all its child processes by an environment variable, so that `left` can find them."""

    def __init__(self, *arguments: str, environment: dict[str, str] | None = None) -> None:
        self.mark = uuid.uuid4().hex
        self.output = ""
        self._command = [sys.executable, "-m", "local", *arguments]
        self._environment = {**os.environ, MARK: self.mark, **(environment or {})}

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command,
            cwd=ROOT,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._watchdog = Timer(MOST_SECONDS, self._process.kill)
        self._watchdog.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._watchdog.cancel()
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        assert self._process.stdout
        self._process.stdout.close()

    def read_until(self, text: str) -> str:
        """Return the first line that contains the text."""
        assert self._process.stdout
        for line in self._process.stdout:
            self.output += line
            if text in line:
                return line
        raise AssertionError(f"it ended without a line with {text!r}:\n{self.output}")

    def tell(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def ends(self, seconds: float = 60) -> int:
        """Wait for the end; return the exit code."""
        rest, _ = self._process.communicate(timeout=seconds)
        self.output += rest
        return self._process.returncode

    def left(self) -> list[int]:
        """Return the ids of the command's processes that still exist."""
        return [int(path.parent.name) for path in Path("/proc").glob("[0-9]*/environ") if self._is_marked(path)]

    def _is_marked(self, environ: Path) -> bool:
        try:
            return f"{MARK}={self.mark}".encode() in environ.read_bytes()
        except OSError:
            return False


def eventually(holds: Callable[[], bool], seconds: float = 15, every: float = 0.1) -> bool:
    """Return whether the condition holds before the seconds are over."""
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        if holds():
            return True
        time.sleep(every)
    return holds()
