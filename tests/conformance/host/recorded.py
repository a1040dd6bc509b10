"""Runs the probe app and the driver of the recording again."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from local.host.process import HostProcess

RECORDS = Path(__file__).parents[1] / "records" / "host"
LONGEST = 120  # seconds a group of scenarios may take


@contextmanager
def probe_host(folder: Path) -> Iterator[HostProcess]:
    """A host that runs the probe app."""
    app = folder / "probe_app"
    app.mkdir()
    shutil.copy(RECORDS / "probe_app" / "function_app.py.txt", app / "function_app.py")
    shutil.copy(RECORDS / "probe_app" / "host.json", app / "host.json")
    with HostProcess(app, folder / "data", env={"PROBE_STATE": str(folder / "state")}) as host:
        yield host


def drive(host: HostProcess, folder: Path, groups: list[list[str]]) -> dict[str, Any]:
    """Play groups of scenarios side by side; return the exchanges of each scenario."""
    with ThreadPoolExecutor(len(groups)) as threads:
        parts = list(threads.map(lambda group: _drive(host, folder, group), groups))
    return {name: exchanges for part in parts for name, exchanges in part.items()}


def compare(folder: Path, got: dict[str, Any]) -> str:
    """Return the differences between recorded and received exchanges, as the recording's comparer words them."""
    recorded = json.loads((RECORDS / "exchanges.json").read_text(encoding="utf-8"))
    expected = {name: recorded[name] for name in got}
    (folder / "expected.json").write_text(json.dumps(expected), encoding="utf-8")
    (folder / "got.json").write_text(json.dumps(got), encoding="utf-8")
    command = [sys.executable, str(RECORDS / "normalise.py.txt"), "expected.json", "got.json"]
    done = subprocess.run(
        [*command, str(RECORDS / "free.txt")], cwd=folder, capture_output=True, text=True, check=False
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def _drive(host: HostProcess, folder: Path, scenarios: list[str]) -> dict[str, Any]:
    out = folder / f"{scenarios[0]}.json"
    keys = folder / "data" / "secrets" / "host.json"
    subprocess.run(
        [sys.executable, str(RECORDS / "drive.py.txt"), host.url, str(out), *scenarios],
        env={**os.environ, "PROBE_KEYFILE": str(keys)},
        check=True,
        timeout=LONGEST,
        stdout=subprocess.DEVNULL,
    )
    answered: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    return answered
