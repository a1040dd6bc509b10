"""The soak itself, with few seeds and kills."""

import json
from pathlib import Path

import pytest

from tests.soak import longer_tests
from tests.soak.__main__ import SIMULATIONS, main, tell
from tests.soak.part import Part
from tests.soak.simulations import on_cores, over

KEYS = {"seeds", "kills", "boundaries", "faults", "failed", "seconds"}
KILLING = """
import os, subprocess, sys


def test_kills():
    command = [sys.executable, "-c", "print(flush=True); input()  # local.host.workers.worker"]
    for _ in range(int(os.environ["SOAK_KILLS"])):
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        process.stdout.readline()
        process.kill()
        process.communicate()


def test_fails():
    print("seed 8")
    assert False, "a row is missing"
"""


@pytest.mark.parametrize("name", SIMULATIONS)
def test_one_seed_can_be_told_again(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The soak of one seed of one simulation prints the same members as the whole soak."""
    assert main([name, "5"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told) == {*KEYS, "parts"}
    assert set(told["parts"][name]) == KEYS
    assert (told["seeds"], told["failed"]) == (1, {})
    assert told["faults"]
    assert bool(told["boundaries"]) == (name == "app")


def test_a_failing_seed_is_named_and_the_others_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    """A seed that raises is named in the result, the other seeds go on, and the exit code is 1."""

    def once(seed: int, part: Part) -> None:
        part.faults["503"] += 1
        if seed == 3:
            raise ZeroDivisionError("planted")

    parts = {"app": over(range(6), "app", once)}
    assert (parts["app"].seeds, parts["app"].faults["503"]) == (6, 6)
    assert tell(parts) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["failed"] == {"python -m tests.soak app 3": "ZeroDivisionError: planted"}


def test_the_cores_share_the_seeds() -> None:
    """Processes of their own simulate the seeds, and their counts are added up."""
    part = on_cores(range(60), "writer", SIMULATIONS["writer"])
    assert (part.seeds, part.failed) == (60, {})
    assert part.faults == over(range(60), "writer", SIMULATIONS["writer"]).faults


def test_kills_are_counted_and_failures_are_named(tmp_path: Path) -> None:
    """A kill is counted by the kind of process, and a failed test is named with the seed that it printed."""
    (tmp_path / "test_planted.py").write_text(KILLING)
    part = longer_tests.run_tests([tmp_path / "test_planted.py"], 1, 4)
    assert (part.kills, part.faults) == (4, {"worker killed": 4})
    [(name, text)] = part.failed.items()
    assert name.endswith("test_fails")
    assert "a row is missing" in text
    assert "seed 8" in text


def test_tests_that_cannot_be_run_are_a_failure(tmp_path: Path) -> None:
    """A soak whose tests cannot be run reports a failure."""
    assert longer_tests.run_tests([tmp_path / "test_gone.py"], 1, 1).failed


def test_the_tests_that_go_on_for_longer_are_found() -> None:
    """The soak finds the tests that try more kills, seeds or boundaries in it, and not its own."""
    found = {path.relative_to(longer_tests.TESTS).as_posix() for path in longer_tests.longer_tests()}
    assert {"e2e/host/test_kills.py", "unit/local/cosmos/test_fuzz.py", "simulation/test_boundaries.py"} <= found
    assert not any(path.startswith("soak/") for path in found)
