"""Runs a probe app and the driver of its recording again."""

import json
import os
import re
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
ENTITIES = Path(__file__).parents[1] / "records" / "entities"
COMPARER = RECORDS / "normalise.py.txt"
GUID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
LONGEST = 120  # seconds a group of scenarios may take


@contextmanager
def probe_host(folder: Path, records: Path = RECORDS) -> Iterator[HostProcess]:
    """A host that runs the probe app of these records."""
    app = folder / "probe_app"
    app.mkdir()
    shutil.copy(records / "probe_app" / "function_app.py.txt", app / "function_app.py")
    shutil.copy(records / "probe_app" / "host.json", app / "host.json")
    with HostProcess(app, folder / "data", env={"PROBE_STATE": str(folder / "state")}) as host:
        yield host


def drive(host: HostProcess, folder: Path, groups: list[list[str]], records: Path = RECORDS) -> dict[str, Any]:
    """Play groups of scenarios side by side; return the exchanges of each scenario."""
    with ThreadPoolExecutor(len(groups)) as threads:
        parts = list(threads.map(lambda group: _drive(host, folder, group, records), groups))
    return {name: exchanges for part in parts for name, exchanges in part.items()}


def compare(folder: Path, got: dict[str, Any], records: Path = RECORDS) -> str:
    """Return the differences between recorded and received exchanges, as the recording's comparer words them."""
    recorded = json.loads((records / "exchanges.json").read_text(encoding="utf-8"))
    expected = {name: recorded[name] for name in got}
    (folder / "expected.json").write_text(json.dumps(expected), encoding="utf-8")
    (folder / "got.json").write_text(json.dumps(got), encoding="utf-8")
    command = [sys.executable, str(COMPARER), "expected.json", "got.json"]
    done = subprocess.run(
        [*command, str(records / "free.txt")], cwd=folder, capture_output=True, text=True, check=False
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def numbered(scenario: Any) -> Any:
    """Return a scenario with the ids in it numbered: those that stand within other ids, and those whose digits the
    comparer takes for something else."""
    text = json.dumps(scenario)
    for number, started in enumerate(dict.fromkeys(re.findall(r'"id": "([0-9a-f]{32})"', text))):
        text = text.replace(started, f"started-{number}")
    guids: dict[str, str] = {}
    return json.loads(GUID.sub(lambda found: guids.setdefault(found[0], f"request-{len(guids)}"), text))


def without_digits(scenario: Any) -> Any:
    """Return a scenario whose GUIDs have letters for digits, because the comparer takes some digits for a run's."""
    letters = str.maketrans("0123456789", "abcdefabcd")
    return json.loads(GUID.sub(lambda found: found[0].translate(letters), json.dumps(scenario)))


def _drive(host: HostProcess, folder: Path, scenarios: list[str], records: Path) -> dict[str, Any]:
    out = folder / f"{scenarios[0]}.json"
    keys = folder / "data" / "secrets" / "host.json"
    subprocess.run(
        [sys.executable, str(records / "drive.py.txt"), host.url, str(out), *scenarios],
        env={**os.environ, "PROBE_KEYFILE": str(keys)},
        check=True,
        timeout=LONGEST,
        stdout=subprocess.DEVNULL,
    )
    answered: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    return answered
