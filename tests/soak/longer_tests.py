"""The tests of `make test` that can run longer: SOAK_KILLS sets their kills, SOAK_SEEDS their seeds and boundaries."""

import json
import os
import subprocess
import sys
import time
import xml.etree.ElementTree as Xml
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.soak import counting
from tests.soak.part import Part

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"
TOLD = ("SOAK_KILLS", "SOAK_SEEDS")
MARKS = (*TOLD, "tests.simulation.length")
"""What stands in a test file that can run longer: one of the variables, or the module that reads one."""


def longer_tests() -> list[Path]:
    """Return the test files that can run longer, without those of the soak itself."""
    found = (path for path in TESTS.rglob("test_*.py") if path.parent != Path(__file__).parent)
    return sorted(path for path in found if any(name in path.read_text("utf-8") for name in MARKS))


def run_tests(files: Sequence[Path], seeds: int, kills: int) -> Part:
    """Run these files with that many seeds and kills, and show their output as it comes."""
    part, begun = Part(), time.monotonic()
    with TemporaryDirectory() as folder:
        report, counts = Path(folder) / "report.xml", Path(folder) / "counts.json"
        options = ["-p", counting.__name__, "-o", "junit_logging=system-out", f"--junitxml={report}"]
        command = [sys.executable, "-m", "pytest", *options, *map(str, files)]
        told = dict(zip(TOLD, (str(kills), str(seeds)), strict=True))
        environment = {**os.environ, **told, counting.FILE: str(counts)}
        ended = subprocess.run(command, stdout=sys.stderr, env=environment, cwd=ROOT, check=False)
        if counts.exists():
            part.faults = Counter(json.loads(counts.read_text("utf-8")))
            part.kills = part.faults.total()
        for case in Xml.parse(report).iter("testcase") if report.exists() else ():
            _add(part, case)
    if ended.returncode and not part.failed:
        part.fail(f"SOAK_KILLS={kills} SOAK_SEEDS={seeds} pytest", f"it ended with {ended.returncode}")
    part.seconds = time.monotonic() - begun
    return part


def _add(part: Part, case: Xml.Element) -> None:
    """Add a failed test by its name, with its output, which has its seed."""
    output = (case.findtext("system-out") or "").strip()
    for fault in (*case.iter("failure"), *case.iter("error")):
        text = f"{output}\n{fault.get('message')}\n{fault.text}"
        part.fail(f"pytest {case.get('classname')}::{case.get('name')}", text.strip())
