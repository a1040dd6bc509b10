import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.runner import Figure, commit_of, run


def two_figures(quick: bool) -> Iterator[Figure]:
    yield Figure(name="rows_per_second", value=50 if quick else 5_000, unit="rows/s", goal=1_000, direction="min")
    yield Figure(name="seconds", value=2.5, unit="s", goal=10, direction="max")


def test_the_json_lists_each_figure_with_its_goal(tmp_path: Path) -> None:
    """The JSON holds every figure with value, unit, goal, direction and whether it was reached."""
    file = tmp_path / "out" / "figures.json"
    run(two_figures, ["--quick", "--json", str(file)], tmp_path / "results")
    figures = json.loads(file.read_text())["figures"]
    assert figures[0] == {
        "name": "rows_per_second",
        "value": 50,
        "unit": "rows/s",
        "goal": 1_000,
        "direction": "min",
        "reached": False,
    }
    assert figures[1]["reached"] is True


def test_a_missed_goal_is_no_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A bench that misses a goal says so and exits with 0."""
    assert run(two_figures, ["--quick"], tmp_path) == 0
    assert "MISSED" in capsys.readouterr().out


def test_only_full_runs_are_kept(tmp_path: Path) -> None:
    """A full run writes a result file with machine and commit, and a quick run writes none."""
    run(two_figures, ["--quick"], tmp_path)
    assert list(tmp_path.iterdir()) == []
    run(two_figures, [], tmp_path)
    (kept,) = tmp_path.glob("two_figures-*.json")
    report = json.loads(kept.read_text())
    assert report["machine"]["cores"] > 0
    assert report["machine"]["load"] >= 0
    assert report["commit"]


def test_a_kept_result_leaves_the_commit_as_it_was(tmp_path: Path) -> None:
    """The benches of one run name the same commit, any other change marks it as changed, and without git it is
    unknown."""
    results = tmp_path / "bench" / "results"
    results.mkdir(parents=True)
    assert commit_of(tmp_path, results) == "unknown"
    name = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    for command in (["init"], ["add", "."], [*name, "commit", "--allow-empty", "--message", "first"]):
        subprocess.run(["git", "-C", str(tmp_path), *command], check=True, capture_output=True)
    measured = commit_of(tmp_path, results)
    (results / "host.json").write_text("{}")
    assert commit_of(tmp_path, results) == measured
    (tmp_path / "bench" / "host.py").write_text("")
    assert commit_of(tmp_path, results) == f"{measured}-changed"
