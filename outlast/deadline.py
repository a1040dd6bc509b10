"""How long an activity may go on before it hands over a cursor."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from outlast.errors import Permanent

SHARE = 0.6
"""Of `functionTimeout`: then an activity stops between two requests."""
GRACE = 0.2
"""Of it, behind the deadline: so long may a request in flight still take before it counts as lost."""
GIVEN_UP = 0.9
"""Of it: then the call as a whole is given up, whatever it waits for. A timeout of the host's would take the worker,
and all its neighbours with it."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """An instant on `clock`, in seconds. What is in flight then may take `grace` more."""

    ends: float
    clock: Callable[[], float]
    grace: float = 10.0

    def remaining(self) -> float:
        """Seconds left, never below zero."""
        return max(0.0, self.ends - self.clock())

    def passed(self) -> bool:
        return self.clock() >= self.ends


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Starts a deadline for each call of an activity. `timeout` is the host's `functionTimeout` in seconds."""

    timeout: float
    clock: Callable[[], float]

    def start(self) -> Deadline:
        return Deadline(self.clock() + self.timeout * SHARE, self.clock, self.timeout * GRACE)

    @property
    def given_up(self) -> float:
        """Seconds after which a call is given up."""
        return self.timeout * GIVEN_UP


def timeout_seconds(text: str) -> float:
    """Read a `functionTimeout` as host.json writes it: `hh:mm:ss` or `d.hh:mm:ss`; -1 means none, taken as an hour."""
    if text == "-1":
        return 3600.0
    match = re.fullmatch(r"(?:(\d+)\.)?(\d{1,2}):(\d{2}):(\d{2}(?:\.\d+)?)", text)
    days, hours, minutes, seconds = match.groups(default="0") if match else ("0", "0", "0", "0")
    total = int(days) * 86_400 + int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    if not total:
        raise Permanent(f"functionTimeout is {text!r}, but must look like 00:05:00; correct host.json or the setting")
    return total
