"""The peers that are scripts. Each imports the whole file, in a process of its own."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from bench.peering.shelf import CONTAINER, DATABASE, Shelf
from bench.runner import ROOT
from local.cosmos import EMULATOR_KEY

MODULES = ROOT / ".local/node/node_modules"
BULK = Path(__file__).with_name("bulk_csv.cjs")
LOOK_SECONDS = 0.05
PATIENCE_SECONDS = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """`seconds` are those from before the file is opened to the last answer; `peak_mb` is the memory of all processes
    that took part."""

    seconds: float
    cpu_seconds: float
    peak_mb: float


@dataclass(frozen=True, slots=True)
class Script:
    """`missing` is a sentence where the script cannot run here, and empty where it can."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    missing: str = ""

    def run(self, shelf: Shelf, file: Path) -> Outcome:
        with self._started(shelf, file) as process:
            said, _ = process.communicate(timeout=PATIENCE_SECONDS)
        if process.returncode:
            raise RuntimeError(f"{self.name} ended with {process.returncode}; its reason is above")
        return Outcome(**json.loads(said))

    def run_killed(self, shelf: Shelf, file: Path, when: Callable[[], bool]) -> None:
        """Kill the process. Nothing starts it again."""
        with self._started(shelf, file) as process:
            while not when():
                time.sleep(LOOK_SECONDS)
            process.kill()

    def _started(self, shelf: Shelf, file: Path) -> "subprocess.Popen[str]":
        given = (shelf.services.cosmos.url, EMULATOR_KEY, DATABASE, CONTAINER, str(file))
        environment = {**os.environ, **self.environment}
        return subprocess.Popen(
            [*self.command, *given],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # a line for each row that is not stored; these are counted in the database
            text=True,
        )


def scripts() -> list[Script]:
    """The peers, those that cannot run here too."""
    return [
        Script("pandas_pool", (sys.executable, "-m", "bench.peering.pandas_pool"), missing=_missing_pandas()),
        Script("semaphore", (sys.executable, "-m", "bench.peering.semaphore")),
        Script("javascript", ("node", str(BULK)), {"NODE_PATH": str(MODULES)}, _missing_node()),
    ]


def _missing_pandas() -> str:
    return "" if find_spec("pandas") else "pandas is not installed; `make install` installs it"


def _missing_node() -> str:
    if shutil.which("node") is None:
        return "Node.js is not on this machine"
    there = (MODULES / "@azure/cosmos").is_dir()
    return "" if there else "@azure/cosmos is not installed: npm install --prefix .local/node @azure/cosmos@4.9.3"
