"""Runs a program as a child process that prints when it is ready."""

import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Self

from local.console import LocalError

ROOT = Path(__file__).parents[1]
START_SECONDS = 60.0
STOP_SECONDS = 20.0
Process = subprocess.Popen[str]


class NotStarted(LocalError):
    """The process ended, or printed nothing for too long, before it was ready."""


class Child:
    """A child process that is ready when the `with` block begins and gone when it ends. `kill` and then `start` is a
    crash and a restart.

    The child prints `{name} ready: {url}` when it accepts requests. When it prints that once more, because what it runs
    has changed, `ready_again` is set. Its other lines go to `heard`; its error output goes to the file `log`, or to
    this process's error output. With `tied` the child ends when this process does, however that ends, and a terminal's
    Ctrl-C does not reach it: this process ends its children in order.
    """

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        log: Path | None = None,
        heard: Callable[[str], None] | None = None,
        tied: bool = False,
    ) -> None:
        self.name = name
        self.url = ""
        self.log = log
        self._arguments = arguments
        self._environment = environment
        self._heard = heard
        self._tied = tied
        self._process: Process | None = None
        self.ready_again = threading.Event()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        return self.running.pid

    @property
    def running(self) -> Process:
        if self._process is None:
            raise NotStarted(f"the {self.name} is not running: start it first")
        return self._process

    @property
    def has_ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def said(self) -> str:
        """Return the content of the log, or an empty text without a log."""
        return self.log.read_text(encoding="utf-8") if self.log and self.log.exists() else ""

    def arguments(self) -> Sequence[str]:
        """Return what follows the interpreter on the command line. It is called at each start."""
        return self._arguments

    def start(self) -> None:
        """Start the process, also after `kill` or `stop`, and wait until it is ready."""
        self._process = self._spawn()
        try:
            self.url = self._ready_url(self._process)
        except BaseException:
            self.kill()
            raise

    def wait(self) -> int:
        """Wait until the process has ended by itself or by another's signal; return its exit code."""
        return self._process.wait(STOP_SECONDS) if self._process else 0

    def kill(self) -> None:
        """End the process as a crash would."""
        self._end(Process.kill)

    def stop(self) -> int:
        """End the process by SIGTERM, or by SIGKILL if it takes too long; return its exit code, 0 if it was gone
        already."""
        return self._end(Process.terminate)

    def _spawn(self) -> Process:
        command = [sys.executable, *self.arguments()]
        log = self.log.open("a", encoding="utf-8") if self.log else None
        try:
            return subprocess.Popen(
                command,
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.PIPE if self._tied else None,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=self._tied,
            )
        finally:
            if log:
                log.close()

    def _end(self, how: Callable[[Process], None]) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        how(process)
        try:
            code = process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()
        return code

    def _ready_url(self, process: Process) -> str:
        """Return the address in the ready line. A thread reads on, because a full pipe would stop the child."""
        assert process.stdout is not None
        ready: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, args=(process.stdout, ready), daemon=True).start()
        try:
            url = ready.get(timeout=START_SECONDS)
        except queue.Empty:
            url = ""
        if not url:
            raise NotStarted(f"the {self.name} did not start: {self.said()[-4000:] or 'its reason is above'}")
        return url

    def _read(self, lines: IO[str], ready: queue.Queue[str]) -> None:
        prefix, is_ready = f"{self.name} ready: ", False
        with suppress(ValueError):  # the pipe is closed from the other side
            for line in lines:
                if line.startswith(prefix) and is_ready:
                    self.ready_again.set()
                elif line.startswith(prefix):
                    is_ready = True
                    ready.put(line.removeprefix(prefix).split()[0])
                elif self._heard:
                    self._heard(line.rstrip())
        ready.put("")
