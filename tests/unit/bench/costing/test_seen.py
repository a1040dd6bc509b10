from pathlib import Path

import pytest

from bench.costing.seen import LinesSeen, UnitsSeen
from local.cosmos.control import Control
from local.host.telemetry.file import TelemetryFile


def test_lines_of_every_file_are_counted(tmp_path: Path) -> None:
    """A file that is begun anew between two looks costs no line, also when only one before it is kept."""
    path = tmp_path / "telemetry.jsonl"
    file, lines = TelemetryFile(path, largest=1), LinesSeen(path)
    for number in range(5):
        file.write({"customDimensions": {"Category": "a" if number % 2 else "b"}})
        lines.look()
    file.close()
    lines.close()
    assert lines.counts == {"a": 2, "b": 3}


def test_spans_count_without_a_category(tmp_path: Path) -> None:
    """A row that is no log line is counted, too, and a file that is not there yet has no rows."""
    path = tmp_path / "telemetry.jsonl"
    lines = LinesSeen(path)
    lines.look()
    file = TelemetryFile(path)
    file.write({"itemType": "request"})
    lines.look()
    file.close()
    lines.close()
    assert lines.counts == {"": 1}


def test_units_outlive_what_the_emulator_forgets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seconds that an earlier look has seen are counted once each, with the newest number of their units."""
    looks = iter([[[1, 5.0], [2, 1.0]], [[2, 3.0], [3, 4.0]]])
    monkeypatch.setattr(Control, "container", lambda *_: {"partitions": [{"id": "0", "served": next(looks)}]})
    units = UnitsSeen("http://127.0.0.1:1", "d", "c")
    units.look()
    units.look()
    assert units.total == 5 + 3 + 4
