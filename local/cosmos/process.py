"""The emulator as a process of its own, for tests and for `python -m local`."""

import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from local.cosmos import EMULATOR_KEY

ROOT = Path(__file__).resolve().parents[2]
READY = "cosmos ready: "
STOP_SECONDS = 10.0


class CosmosProcess:
    """Context manager: ready on entering, ended on leaving. `kill` and `start` again is a crash and a restart."""

    def __init__(self, data_dir: Path | None = None, port: int = 0, options: tuple[str, ...] = ()) -> None:
        self.key = EMULATOR_KEY
        self.url = ""
        self._data_dir = data_dir
        self._port = port
        self._options = options
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        """Start, and wait until it is ready."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
        self.stop()

    @property
    def pid(self) -> int:
        """The process id."""
        if self._process is None:
            raise RuntimeError("the emulator is not running: start it first")
        return self._process.pid

    def start(self) -> None:
        """Start; on the same port when it ran before."""
        command = [sys.executable, "-m", "local.cosmos", "--port", str(self._port), *self._options]
        if self._data_dir is not None:
            command += ["--data", str(self._data_dir)]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line.startswith(READY):
            self.stop()
            raise RuntimeError(f"the emulator did not get ready; its error output says why: {' '.join(command)}")
        self.url = line.removeprefix(READY).strip()
        self._port = int(self.url.rpartition(":")[2])

    def stop(self) -> int:
        """Ask it to end; its exit code is returned."""
        return self._end(kill=False)

    def wait(self) -> int:
        """Until it has ended by itself, or for another's signal; its exit code is returned."""
        if self._process is None:
            return 0
        return self._process.wait(STOP_SECONDS)

    def kill(self) -> None:
        """End it at once, as a crash would."""
        self._end(kill=True)

    def _end(self, *, kill: bool) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        process.kill() if kill else process.terminate()
        try:
            code = process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        if process.stdout is not None:
            process.stdout.close()
        return code
