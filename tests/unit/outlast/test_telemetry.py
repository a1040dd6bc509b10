"""The app's events as lines of JSON."""

import json
import logging
from pathlib import Path

import pytest

from outlast.telemetry import EVENTS, MOST_CODES, count_codes, emit

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "telemetry.md").read_text(encoding="utf-8")


def test_an_event_is_one_line_of_json(caplog: pytest.LogCaptureFixture) -> None:
    """An event is a message of JSON that begins with the event's name and has every field, in order."""
    with caplog.at_level(logging.INFO):
        emit("step_pending", run="r", step="email", unknown=1)
    (record,) = caplog.records
    assert record.getMessage().startswith('{"event":"step_pending"')
    assert json.loads(record.getMessage()) == {
        "event": "step_pending",
        "run": "r",
        "report": None,
        "attempt": None,
        "step": "email",
    }


def test_codes_are_counted_and_bounded() -> None:
    """Rejects are counted by code; beyond the most frequent codes they are counted together."""
    assert count_codes(["a", "b", "a"]) == {"a": 2, "b": 1}
    many = count_codes([str(number) for number in range(MOST_CODES + 5)])
    assert len(many) == MOST_CODES + 1
    assert many["other"] == 5


@pytest.mark.parametrize("event", EVENTS)
def test_the_page_describes_each_event(event: str) -> None:
    """docs/telemetry.md lists exactly the fields of each event, in their order."""
    section = PAGE.partition(f"### `{event}`\n")[2].partition("\n### ")[0].partition("\n## ")[0]
    rows = [line.split("|")[1].strip() for line in section.splitlines() if line.startswith("| `")]
    assert [row.strip("`") for row in rows] == list(EVENTS[event])


def test_the_page_describes_no_other_event() -> None:
    """docs/telemetry.md has no event that the app does not log."""
    named = [line[4:].strip("`") for line in PAGE.splitlines() if line.startswith("### `")]
    assert named == list(EVENTS)


@pytest.mark.parametrize("event", EVENTS)
def test_each_event_is_logged_somewhere(event: str) -> None:
    """No event is described that no code logs, because an alert that waits for it would stay silent."""
    sources = [path for folder in ("outlast", "activities") for path in (ROOT / folder).rglob("*.py")]
    assert [path for path in sources if path.name != "telemetry.py" and f'"{event}"' in path.read_text("utf-8")]
