"""The schedules of timer triggers against the answers of NCrontab, the library of the Azure host."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from local.host.triggers.ncrontab import NotASchedule, Schedule

RECORDS = Path(__file__).parents[1] / "records" / "ncrontab.json"
ROWS: list[dict[str, Any]] = json.loads(RECORDS.read_text(encoding="utf-8"))
SPAN = "00:05:00"  # no NCrontab expression: a timer trigger takes it for the time between two runs


def occurrences(expression: str, after: str, count: int) -> list[str]:
    """Return the first runs of a schedule after a moment."""
    moment, found = datetime.fromisoformat(after).replace(tzinfo=UTC), []
    schedule = Schedule(expression)
    for _ in range(count):
        moment = schedule.after(moment)
        found.append(moment.strftime("%Y-%m-%dT%H:%M:%S"))
    return found


@pytest.mark.parametrize("row", [r for r in ROWS if "occurrences" in r], ids=lambda r: r["expression"])
def test_a_schedule_comes_when_ncrontab_says(row: dict[str, Any]) -> None:
    """Each recorded expression has the recorded next runs; one without any never comes."""
    for recorded in row["occurrences"]:
        if recorded["next"]:
            assert occurrences(row["expression"], recorded["after"], len(recorded["next"])) == recorded["next"]
        else:
            with pytest.raises(NotASchedule, match="never comes"):
                occurrences(row["expression"], recorded["after"], 1)


@pytest.mark.parametrize(
    "row", [r for r in ROWS if "error" in r and r["expression"] != SPAN], ids=lambda r: r["expression"]
)
def test_a_schedule_that_ncrontab_refuses_is_refused(row: dict[str, Any]) -> None:
    """A schedule that NCrontab refuses raises NotASchedule."""
    with pytest.raises(NotASchedule):
        Schedule(row["expression"])


def test_a_time_span_is_a_schedule() -> None:
    """A timer trigger runs again when the span is over."""
    assert occurrences(SPAN, "2024-01-01T00:00:00", 2) == ["2024-01-01T00:05:00", "2024-01-01T00:10:00"]
