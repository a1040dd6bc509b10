"""What `python -m local logs` shows."""

import json
from pathlib import Path
from typing import Any

import pytest

from local.console import LocalError
from local.host.telemetry.file import older
from local.stack.logs_command import FILE, as_json, as_text, logged, main


def row(operation: str, message: str, severity: int = 1, kind: str = "trace") -> dict[str, Any]:
    """A row as the host writes it."""
    return {
        "itemType": kind,
        "timestamp": "2026-01-15T12:00:00.123456Z",
        "operation_Id": operation,
        "message": message,
        "severityLevel": severity,
    }


def event(run: str, **fields: Any) -> str:
    return json.dumps({"event": "run_phase", "run": run, **fields})


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with rows of two runs, the first of them in the file before the present one."""
    rows = [
        row("t1", event("r1", begun="reading", seconds=None)),
        row("t1", "a row of r1 is odd", 2),
        row("t1", "POST", kind="request"),
        row("t2", event("r2", begun="reading")),
        row("t3", event("r1", begun="storing", rows=5)),
    ]
    lines = [json.dumps(one) + "\n" for one in rows]
    older(tmp_path / FILE).write_text(lines[0], encoding="utf-8")
    (tmp_path / FILE).write_text("".join(lines[1:]) + '{"half', encoding="utf-8")
    return tmp_path


def test_everything_that_was_logged_is_shown(data: Path) -> None:
    """Without a run every record is shown, from the file before, too, and neither requests nor half a line."""
    assert len(list(logged(data / FILE, None))) == 4


def test_a_run_is_shown_alone(data: Path) -> None:
    """With a run its events of every operation are shown, and what else was logged in these."""
    found = [as_text(one) for one in logged(data / FILE, "r1")]
    assert found == [
        "2026-01-15 12:00:00.123  run_phase  run=r1  begun=reading",
        "2026-01-15 12:00:00.123  WARNING  a row of r1 is odd",
        "2026-01-15 12:00:00.123  run_phase  run=r1  begun=storing  rows=5",
    ]


def test_lines_may_be_json(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With --json each line is an object with the time and the event, or the level and the text."""
    assert main(["--json", "--run", "r1", "--data", str(data)]) == 0
    first, second, _ = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["time"], first["event"], first["begun"]) == ("2026-01-15T12:00:00.123456Z", "run_phase", "reading")
    assert (second["level"], second["text"]) == ("WARNING", "a row of r1 is odd")
    assert json.loads(as_json(row("t", "text", 3)))["level"] == "ERROR"


def test_without_a_file_the_command_says_what_to_do(tmp_path: Path) -> None:
    """Where nothing was logged yet, the error names the file and the command that writes it."""
    with pytest.raises(LocalError, match="make serve"):
        list(logged(tmp_path / FILE, None))
