"""What every bench shares: its options, its table, its JSON, and the full runs that are kept.

    def main_job(quick: bool) -> Iterator[Figure]:
        yield Figure(name="rows_per_second", value=measured, unit="rows/s", goal=1_000, direction="min")

    if __name__ == "__main__":
        sys.exit(run(main_job))

A bench starts as `python -m bench.main_job [--quick] [--json FILE]`.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

Direction = Literal["min", "max"]
Machine = dict[str, str | int | float]
ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "bench" / "results"


@dataclass(frozen=True, kw_only=True)
class Figure:
    name: str
    value: float
    unit: str
    goal: float
    direction: Direction  # min: the value shall be at least the goal; max: at most

    @property
    def reached(self) -> bool:
        return self.value >= self.goal if self.direction == "min" else self.value <= self.goal

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "reached": self.reached}


Bench = Callable[[bool], Iterable[Figure]]


def run(bench: Bench, argv: Sequence[str] | None = None, results: Path = RESULTS) -> int:
    """Measure, show each figure as it comes, keep them. A goal that is missed is reported and is no error."""
    name = bench.__name__
    options, machine = _options(name, argv), _machine()
    _say(f"{name}{', quick' if options.quick else ''}, on {machine['cpu']}")
    figures = []
    for figure in bench(options.quick):
        figures.append(figure)
        _say(row(figure))
    report = _report(name, options.quick, machine, figures)
    _say(f"{sum(figure.reached for figure in figures)} of {len(figures)} goals reached")
    if options.json:
        _write(options.json, report)
    if not options.quick:
        _write(results / f"{name}-{report['date'][:10]}-{report['commit'][:10]}.json", report)
    return 0


def row(figure: Figure) -> str:
    """A figure as a line of the table."""
    goal = f"{'≥' if figure.direction == 'min' else '≤'} {number(figure.goal)}"
    verdict = "reached" if figure.reached else "MISSED"
    return f"  {figure.name:<40} {number(figure.value):>12} {figure.unit:<10} {goal:<12} {verdict}"


def number(value: float) -> str:
    """A value as tables show it."""
    return f"{value:,.0f}" if abs(value) >= 1_000 or value == int(value) else f"{value:,.3g}"


def _options(name: str, argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=f"python -m bench.{name}")
    parser.add_argument("--quick", action="store_true", help="under a minute, and nothing is kept in bench/results/")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    return parser.parse_args(argv)


def _report(name: str, quick: bool, machine: Machine, figures: Sequence[Figure]) -> dict[str, Any]:
    return {
        "bench": name,
        "quick": quick,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit_of(),
        "machine": machine,
        "figures": [figure.as_json() for figure in figures],
    }


def _machine() -> Machine:
    """`load` is the number of processes that wanted a core in the last minute: other work makes everything slower."""
    load = round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else 0.0
    python = platform.python_version()
    return {"cpu": _cpu_model(), "cores": os.cpu_count() or 0, "python": python, "system": sys.platform, "load": load}


def _cpu_model() -> str:
    """The processor's name; the architecture where the system does not tell it."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def commit_of(root: Path = ROOT, results: Path = RESULTS) -> str:
    """The commit that was measured, marked where files other than results differ; "unknown" outside a checkout."""
    try:
        commit = _git(root, "rev-parse", "HEAD")
        changes = _git(root, "status", "--porcelain", "--", ".", f":(exclude){results}")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{commit}-changed" if changes else commit


def _git(root: Path, *arguments: str) -> str:
    command = ["git", "-C", str(root), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _write(path: Path, report: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, indent=2) + "\n")
    _say(f"written to {path}")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
