"""A pytest plugin that counts the processes that tests end by SIGKILL, by their kind, into the file SOAK_COUNTS."""

import json
import os
import signal
from collections import Counter
from pathlib import Path

FILE = "SOAK_COUNTS"
PARTS = {"local.host.workers.worker": "worker", "host": "host", "cosmos": "database", "inbox": "inbox"}
counts = Counter[str]()
_kill = os.kill


def counting(pid: int, number: int) -> None:
    """Stands in for `os.kill`, which `Popen.kill` calls too."""
    if number == signal.SIGKILL:
        counts[f"{_part(pid)} killed"] += 1
    _kill(pid, number)


def pytest_configure() -> None:
    os.kill = counting


def pytest_sessionfinish() -> None:
    os.kill = _kill
    Path(os.environ[FILE]).write_text(json.dumps(counts), encoding="utf-8")


def _part(pid: int) -> str:
    """Return the kind of a process by its command line, which is empty once the process has ended."""
    line = Path(f"/proc/{pid}/cmdline")
    text = line.read_text("utf-8") if line.exists() else ""
    return next((name for mark, name in PARTS.items() if mark in text), "process")
