"""Reports whose code does not return: the run, the runs beside it, the instance, the log and the health."""

import csv
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.stack import Stack, copy_app, first_rows, running
from tests.e2e.test_poison import children_of

REPORT = Path(__file__).parent / "reports" / "poison.py"
SETTINGS = {"AzureFunctionsJobHost__functionTimeout": "00:00:16", "FIRST_RETRY_SECONDS": "0.1"}
"""A row may take an eighth of this timeout."""
POISON = {3: "loop", 5: "expression", 6: "kill", 8: "loop", 9: "expression"}
CODES = {"loop": "timeout", "expression": "timeout", "kill": "crashed"}
ROWS = 10


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_app(tmp_path_factory.mktemp("app"), REPORT)


@pytest.fixture(scope="module")
def stack(app: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running(tmp_path_factory.mktemp("stack"), SETTINGS, app) as stack:
        yield stack


def doses(does: dict[int, str]) -> bytes:
    """Rows from number 2 on, each with what its code does."""
    return b"id,shelf,does\n" + b"".join(b"d%d,a,%b\n" % (n, does.get(n, "").encode()) for n in range(2, 2 + ROWS))


def test_rows_that_never_return_cost_themselves_alone(
    app: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Five such rows are rejects by their codes; the run and the run beside it complete, and no worker has died.

    The log names each row, what a report's own logger says is in it, and the health says that code had to be stopped.
    """
    with running(tmp_path, SETTINGS, app) as stack:
        workers = stack.workers()
        assert stack.request("GET", "/api/health")[1]["checks"]["reports"] == {"ok": True}
        bad = stack.start("poison", doses({2: "log", **POISON}), tolerated_rejects="5")
        stack.wait_for_phase(bad, "generating")
        beside = stack.start("flight_delays", first_rows(500))
        assert stack.wait(beside)["runtimeStatus"] == "Completed"
        receipt = stack.wait(bad)["output"]
        assert (receipt["rows_read"], receipt["rows_stored"], receipt["rows_rejected"]) == (ROWS, ROWS - 5, 5)
        check_rejects(stack.rejects(bad))
        assert stack.workers() == workers
        stack.wait_until(lambda: "warning" in reports_check(stack), "the health's warning")
        assert stack.request("GET", "/api/health")[0] == 200
    log = capfd.readouterr().err
    assert "a dose for a" in log
    for row, does in POISON.items():
        assert f"row {row} (chunk 0 of run {bad}, report poison) is rejected as {CODES[does]}: " in log


def check_rejects(lines: list[str]) -> None:
    listed = {int(row): (code, message) for row, _, code, message, *_ in csv.reader(lines[1:])}
    assert {row: code for row, (code, _) in listed.items()} == {row: CODES[does] for row, does in POISON.items()}
    stopped = [message for code, message in listed.values() if code == "timeout"]
    assert all("stopped at reports/poison.py, line" in message for message in stopped)


def reports_check(stack: Stack) -> dict[str, object]:
    checks: dict[str, dict[str, object]] = stack.request("GET", "/api/health")[1]["checks"]
    return checks["reports"]


def test_a_child_that_is_killed_costs_no_row(stack: Stack) -> None:
    """A run whose child is killed while it waits for rows completes without a reject."""
    assert stack.wait(stack.start("poison", doses({})))["output"]["rows_stored"] == ROWS
    for worker in stack.workers():
        for child in children_of(worker):
            os.kill(child, signal.SIGKILL)
    assert stack.wait(stack.start("poison", doses({})))["output"]["rows_stored"] == ROWS


def test_the_children_end_with_their_worker(stack: Stack) -> None:
    """A worker that is killed leaves no process behind."""
    stack.wait(stack.start("poison", doses({})))
    children = [child for worker in stack.workers() for child in children_of(worker)]
    assert children
    stack.kill_workers()
    stack.wait_until(lambda: not any(Path(f"/proc/{child}").exists() for child in children), "the children to end")
