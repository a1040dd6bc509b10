"""Schedules of timer triggers."""

from datetime import UTC, datetime

import pytest

from local.host.triggers.ncrontab import NotASchedule, Schedule

START = datetime(2026, 1, 30, 23, 59, 30, tzinfo=UTC)  # a Friday


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("*/10 * * * * *", "2026-01-30 23:59:40"),
        ("0 */5 * * * *", "2026-01-31 00:00:00"),
        ("*/5 * * * *", "2026-01-31 00:00:00"),
        ("0 30 9 * * 1-5", "2026-02-02 09:30:00"),
        ("0 30 9 * Jan Mon", "2027-01-04 09:30:00"),
        ("0 0 0 * * Su", "2026-02-01 00:00:00"),
        ("0 0 0 * * FRI-MON", "2026-02-02 00:00:00"),
        ("0 */-5 * * * *", "2026-01-31 00:00:00"),
        ("0 0 0 29 2 *", "2028-02-29 00:00:00"),
        ("5,7 0 3/4 * * *", "2026-01-31 03:00:05"),
        ("00:01:00", "2026-01-31 00:00:30"),
        ("1.00:00:00", "2026-01-31 23:59:30"),
    ],
)
def test_the_next_run_is_the_first_that_fits(text: str, expected: str) -> None:
    """A schedule has six fields or five, with names, steps, lists and ranges, or it is a time span."""
    assert f"{Schedule(text).after(START):%Y-%m-%d %H:%M:%S}" == expected


def test_runs_follow_each_other() -> None:
    """The next run after a run is a later one."""
    schedule = Schedule("0 0 * * * *")
    first = schedule.after(START)
    assert (schedule.after(first) - first).total_seconds() == 3600


@pytest.mark.parametrize(
    "text",
    ["", "* * *", "61 * * * * *", "x * * * * *", "0 0 0 * * 8", "*/1_0 * * * * *", "0 0 0 * * Mondays", "00:00:00"],
)
def test_nonsense_is_named(text: str) -> None:
    """A schedule that cannot be parsed raises NotASchedule."""
    with pytest.raises(NotASchedule, match="The schedule"):
        Schedule(text)


def test_a_date_that_never_comes_is_named() -> None:
    """A schedule for the 31st of February raises NotASchedule."""
    with pytest.raises(NotASchedule, match="never comes"):
        Schedule("0 0 0 31 2 *").after(START)
