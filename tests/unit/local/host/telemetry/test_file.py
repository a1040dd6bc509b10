"""The file of telemetry."""

import json
from pathlib import Path

from local.host.telemetry.file import TelemetryFile, older


def rows(path: Path) -> list[int]:
    """Return the numbers in a file of rows."""
    return [json.loads(line)["n"] for line in path.read_text(encoding="utf-8").splitlines()]


def test_rows_are_appended_as_lines(tmp_path: Path) -> None:
    """Each row is a line of JSON, and a second start goes on behind the first."""
    path = tmp_path / "new" / "telemetry.jsonl"
    for n in range(2):
        file = TelemetryFile(path)
        file.write({"n": n})
        file.close()
    assert rows(path) == [0, 1]


def test_a_large_file_is_begun_anew(tmp_path: Path) -> None:
    """A file that has reached its size is kept under another name, once, and begun anew."""
    path = tmp_path / "telemetry.jsonl"
    file = TelemetryFile(path, largest=16)
    for n in range(6):
        file.write({"n": n})
    file.close()
    assert rows(older(path)) == [2, 3]
    assert rows(path) == [4, 5]
