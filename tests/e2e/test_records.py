"""How many log records one run leaves on a host that shows them all."""

from pathlib import Path

import pytest

from tests.e2e.stack import first_rows, running

CALL = "Information: Executed 'Functions."


def test_a_run_logs_nothing_but_what_the_app_says(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A run leaves at most two records for each activity call, and none of them is a library's."""
    with running(tmp_path, host=("--log-level", "information")) as stack:
        run = stack.start("flight_delays", first_rows(2_000))
        assert stack.wait(run)["runtimeStatus"] == "Completed"
    lines = capfd.readouterr().err.splitlines()
    records = [line for line in lines if line.startswith("Function.") and ".User " in line]
    calls = [line for line in lines if CALL in line]
    assert len(calls) > 10
    assert len(records) <= 2 * len(calls)
    assert not [line for line in lines if "Request URL" in line or "Response status" in line]
