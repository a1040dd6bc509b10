"""NCRONTAB schedules of timer triggers."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from local.host.settings import timespan

MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
FIELDS: tuple[tuple[str, int, int, tuple[str, ...]], ...] = (
    ("second", 0, 59, ()),
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day", 1, 31, ()),
    ("month", 1, 12, MONTHS),
    ("weekday", 0, 6, DAYS),
)
HORIZON = timedelta(days=366 * 8)  # no real date repeats later: 29 February across a century


class NotASchedule(Exception):
    """A schedule that cannot be parsed, or that never comes."""


class Schedule:
    """Six fields from seconds to weekdays, five without seconds, or a time span between runs."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._every: timedelta | None = None
        parts = text.split()
        if len(parts) == 1:
            self._every = _span(text)
            return
        if len(parts) == 5:
            parts.insert(0, "0")
        if len(parts) != 6:
            raise NotASchedule(f"The schedule {text!r} has {len(parts)} fields; six are wanted, or a time span.")
        fields = [_values(part, *field, text) for part, field in zip(parts, FIELDS, strict=True)]
        self._seconds, self._minutes, self._hours, self._days, self._months, self._weekdays = fields

    def after(self, moment: datetime) -> datetime:
        """Return the first run later than this time."""
        if self._every is not None:
            return moment + self._every
        start = moment.astimezone(UTC).replace(microsecond=0) + timedelta(seconds=1)
        for day in self._matching_days(start):
            found = self._time_in(day)
            if found is not None:
                return found
        raise NotASchedule(f"The schedule {self._text!r} never comes.")

    def _matching_days(self, start: datetime) -> Iterator[datetime]:
        day = start
        while day < start + HORIZON:
            if day.month in self._months and day.day in self._days and (day.isoweekday() % 7) in self._weekdays:
                yield day
            day = (day + timedelta(days=1)).replace(hour=0, minute=0, second=0)

    def _time_in(self, day: datetime) -> datetime | None:
        """Return the first matching time of a day that is not before the given one."""
        for hour in (h for h in sorted(self._hours) if h >= day.hour):
            for minute in (m for m in sorted(self._minutes) if hour > day.hour or m >= day.minute):
                first = day.second if (hour, minute) == (day.hour, day.minute) else 0
                for second in (s for s in sorted(self._seconds) if s >= first):
                    return day.replace(hour=hour, minute=minute, second=second)
        return None


def _span(text: str) -> timedelta:
    try:
        seconds = timespan(text)
    except ValueError:
        raise NotASchedule(f"The schedule {text!r} is neither a cron expression nor a time span.") from None
    if seconds < 1:
        raise NotASchedule(f"The schedule {text!r} is shorter than a second.")
    return timedelta(seconds=seconds)


def _values(part: str, name: str, low: int, high: int, words: tuple[str, ...], text: str) -> set[int]:
    found: set[int] = set()
    for item in part.split(","):
        try:
            found.update(_range(item, low, high, words))
        except ValueError:
            raise NotASchedule(
                f"The schedule {text!r} has {item!r} as its {name}; {low} to {high} is wanted."
            ) from None
    return found


def _range(item: str, low: int, high: int, words: tuple[str, ...]) -> range:
    """Return the values of one item. As in NCrontab, the ends of a backward range are swapped, and step 0 is step 1."""
    span, slash, step = item.partition("/")
    every = max(1, _step(step)) if slash else 1
    if span == "*":
        return range(low, high + 1, every)
    first, dash, last = span.partition("-")
    start = _number(first, low, words)
    end = _number(last, low, words) if dash else (high if slash else start)
    start, end = min(start, end), max(start, end)
    if not low <= start <= end <= high:
        raise ValueError(item)
    return range(start, end + 1, every)


def _step(text: str) -> int:
    """Parse a number with or without a sign; raise ValueError."""
    if not re.fullmatch("[-+]?[0-9]+", text):
        raise ValueError(text)
    return int(text)


def _number(text: str, low: int, words: tuple[str, ...]) -> int:
    """Parse a number without a sign, or the beginning of a name. The first name that begins so counts."""
    if text.isascii() and text.isdigit():
        return int(text)
    if text:
        for number, word in enumerate(words, start=low):
            if word.startswith(text.lower()):
                return number
    raise ValueError(text)
