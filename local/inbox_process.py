"""The inbox as a process of its own."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Self
from urllib.request import urlopen


class InboxProcess:
    """`with InboxProcess() as inbox:` has it answering at `inbox.url`; gone after the block, or with this process."""

    def __init__(self, data_dir: Path | None = None, port: int = 0, key: str | None = None) -> None:
        data = ["--data", str(data_dir)] if data_dir else []
        secret = ["--key", key] if key else []
        self._command = [sys.executable, "-m", "local", "inbox", "--port", str(port), "--with-parent", *data, *secret]
        self._process: subprocess.Popen[str] | None = None
        self.url = ""

    def __enter__(self) -> Self:
        root = Path(__file__).parent.parent
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            self._command, cwd=root, stdin=pipe, stdout=pipe, text=True, start_new_session=True
        )
        try:
            self.url = self._ready_url(self._process)
            urlopen(self.url, timeout=10).close()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        assert self._process, "the inbox was not started"
        return self._process.pid

    def kill(self) -> None:
        """End it as a crash would."""
        self._end(subprocess.Popen.kill)

    def stop(self) -> None:
        """End it as Ctrl-C would."""
        self._end(subprocess.Popen.terminate)

    def _end(self, how: Callable[[subprocess.Popen[str]], None]) -> None:
        if self._process:
            how(self._process)
            self._process.communicate()
            self._process = None

    @staticmethod
    def _ready_url(process: subprocess.Popen[str]) -> str:
        """Waits for the line that tells the address; ends with the process where none comes."""
        assert process.stdout
        for line in process.stdout:
            if line.startswith("inbox ready: "):
                return line.removeprefix("inbox ready: ").strip()
        raise RuntimeError(f"The inbox did not start: it ended with code {process.wait()}; its reason is above.")
