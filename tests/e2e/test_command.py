"""The command `outlast` as a user calls it, against the embedded stack."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from local.stack.settings import APP
from outlast_cli.main import app
from tests.e2e.stack import BROKEN, Stack, first_rows, running


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running(tmp_path_factory.mktemp("stack"), {"FIRST_RETRY_SECONDS": "0.05"}) as stack:
        yield stack


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("files") / "january.csv"
    path.write_bytes(first_rows(300))
    return path


def environment(stack: Stack) -> dict[str, str]:
    services = stack.services
    return {**os.environ, "OUTLAST_URL": services.host.url, "OUTLAST_KEY": services.function_key}


def outlast(stack: Stack, *arguments: object) -> Any:
    """Call the command in this process, which is much faster than one of its own."""
    done: Any = CliRunner().invoke(app, [*map(str, arguments)], env=environment(stack))
    return done


def test_a_file_is_run_to_its_receipt(stack: Stack, file: Path) -> None:
    """A run is started, watched as lines and completed; its record is what `show` shows."""
    done = outlast(stack, "run", "flight_delays", file, "--progress", "lines", "--json")
    assert done.exit_code == 0, done.stderr
    record = json.loads(done.stdout)
    assert record["receipt"]["rows_stored"] == 300
    assert "completed" in done.stderr
    assert json.loads(outlast(stack, "show", record["id"], "--json").stdout)["run"]["state"] == "completed"
    assert outlast(stack, "doctor").exit_code == 0


def test_a_broken_file_leads_to_its_rejects(stack: Stack, tmp_path: Path) -> None:
    """A failed run ends with 1, and its rejects are kept as a file that can be corrected."""
    done = outlast(stack, "run", "flight_delays", BROKEN)
    assert done.exit_code == 1
    run, state = done.stdout.split()
    assert (state, "3 of 12 rows were rejected" in done.stderr) == ("failed", True)
    shown = outlast(stack, "rejects", run).stdout.splitlines()
    assert shown[0].split("\t")[:3] == ["4", "dep_delay", "float_parsing"]
    file = tmp_path / "rejects.csv"
    assert outlast(stack, "rejects", run, "-o", file).exit_code == 0
    assert file.read_text("utf-8-sig").splitlines() == stack.rejects(run)


def test_a_plan_is_approved(stack: Stack, file: Path) -> None:
    """A planned run ends the watching with 7, its plan is shown, and its approval completes it."""
    planned = outlast(stack, "run", "flight_delays", file, "--plan")
    assert planned.exit_code == 7
    run = planned.stdout.split()[0]
    assert json.loads(outlast(stack, "plan", run, "--json").stdout)["documents"]["total"] == 300
    assert outlast(stack, "approve", run).exit_code == 0
    assert outlast(stack, "remove", run, "--yes").exit_code == 0
    assert outlast(stack, "show", run).exit_code == 5


def test_a_terminal_sees_it_live(stack: Stack, file: Path) -> None:
    """On a terminal the phases have bars, and the receipt follows."""
    terminal, other_end = pty.openpty()
    command = [sys.executable, "-m", "outlast_cli", "run", "flight_delays", str(file)]
    settings = {**environment(stack), "TERM": "xterm", "COLUMNS": "100"}
    with subprocess.Popen(command, cwd=APP, env=settings, stdin=other_end, stdout=other_end, stderr=other_end) as run:
        os.close(other_end)
        seen = read_all(terminal)
    assert run.returncode == 0
    assert "watched for" in seen
    assert "█" in seen
    assert "rows stored" in seen


def read_all(terminal: int) -> str:
    seen = b""
    try:
        while data := os.read(terminal, 65_536):
            seen += data
    except OSError:  # Linux raises it when the other end is closed
        return seen.decode()
    finally:
        os.close(terminal)
    return seen.decode()
