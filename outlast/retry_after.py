"""How long a service asks to wait. Source: RFC 9110, section 10.2.3, whose form with a date is not read."""

from datetime import datetime

LONGEST_WAIT = 3600.0
"""Seconds. A service that is throttled for longer is asked again after this time."""


def seconds_of(retry_after: str | None, reset: str | None, now: datetime) -> float:
    """Seconds to wait by `Retry-After` in seconds, else by the Unix time of `reset`; 0 where neither says so or the
    time has passed."""
    if retry_after and retry_after.isascii() and retry_after.isdigit():
        return min(float(retry_after), LONGEST_WAIT)
    if reset and reset.isascii() and reset.isdigit():
        return min(max(0.0, float(reset) - now.timestamp()), LONGEST_WAIT)
    return 0.0
