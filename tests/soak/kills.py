"""The end-to-end tests that kill processes, told by SOAK_KILLS how often."""

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
TESTS = ROOT / "tests" / "e2e"


def tests_that_kill() -> list[Path]:
    return sorted(path for path in TESTS.rglob("test_*.py") if "SOAK_KILLS" in path.read_text("utf-8"))


def run_tests(files: Sequence[Path], kills: int) -> Part:
    """Run these files with that many kills; their output is shown as it comes."""
    part, begun = Part(), time.monotonic()
    with TemporaryDirectory() as folder:
        report, counts = Path(folder) / "report.xml", Path(folder) / "counts.json"
        options = ["-p", counting.__name__, "-o", "junit_logging=system-out", f"--junitxml={report}"]
        command = [sys.executable, "-m", "pytest", *options, *map(str, files)]
        environment = {**os.environ, "SOAK_KILLS": str(kills), counting.FILE: str(counts)}
        ended = subprocess.run(command, stdout=sys.stderr, env=environment, cwd=ROOT, check=False)
        if counts.exists():
            part.faults = Counter(json.loads(counts.read_text("utf-8")))
            part.kills = part.faults.total()
        for case in Xml.parse(report).iter("testcase") if report.exists() else ():
            _add(part, case)
    if ended.returncode and not part.failed:
        part.fail(f"SOAK_KILLS={kills} pytest", f"it ended with {ended.returncode}")
    part.seconds = time.monotonic() - begun
    return part


def _add(part: Part, case: Xml.Element) -> None:
    """A failed test, by its name; its seed is in what it printed."""
    output = (case.findtext("system-out") or "").strip()
    for fault in (*case.iter("failure"), *case.iter("error")):
        text = f"{output}\n{fault.get('message')}\n{fault.text}"
        part.fail(f"pytest {case.get('classname')}::{case.get('name')}", text.strip())
