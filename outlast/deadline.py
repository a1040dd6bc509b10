"""How long an activity may work before it returns a cursor."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from outlast.errors import Permanent

SHARE = 0.6
"""Fraction of `functionTimeout` after which an activity stops between two requests."""
GRACE = 0.2
"""Fraction of `functionTimeout` that a request in flight may take after the deadline before it counts as lost."""
GIVEN_UP = 0.9
"""Fraction of `functionTimeout` after which the call fails, whatever it waits for. A timeout by the host would end the
worker and all other calls in it."""
SLOT_SECONDS = 20.0
"""A call that the database may make wait ends after this time, however long `functionTimeout` is, so that no other run
waits long for its slot."""
IN_TURN_SHARE, IN_TURN_SECONDS = 1 / 100, 2.0
"""Fraction of `functionTimeout` and seconds after which a call begins no further chunk of its lane. So a chunk of
little work costs no call, and one that is stopped in the middle has not much to do again."""
REDONE_SHARE, REDONE_SECONDS = 1 / 12, 5.0
"""Fraction of the grace and seconds of work that may be done again behind the deadline: little beside the time from
there to `GIVEN_UP`."""
ROW_SHARE, LONGEST_ROW = 1 / 8, 10.0
"""Fraction of `functionTimeout` and seconds that one row may take. The time from the deadline to `GIVEN_UP` covers a
last row that is stopped."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """A time on `clock`, in seconds. A request that is in flight then may take `grace` more seconds."""

    ends: float
    clock: Callable[[], float]
    grace: float = 10.0

    def remaining(self) -> float:
        """Seconds left, at least 0."""
        return max(0.0, self.ends - self.clock())

    @property
    def redone(self) -> float:
        """Seconds of work that a call may have to do again because the process that did it has ended."""
        return min(REDONE_SECONDS, self.grace * REDONE_SHARE)

    def passed(self) -> bool:
        return self.clock() >= self.ends

    def within(self, seconds: float) -> "Deadline":
        """This deadline, or an earlier one in `seconds` from now."""
        return replace(self, ends=min(self.ends, self.clock() + seconds))


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Starts a deadline for each call of an activity. `timeout` is `functionTimeout` in seconds."""

    timeout: float
    clock: Callable[[], float]

    def start(self) -> Deadline:
        return Deadline(self.clock() + self.timeout * SHARE, self.clock, self.timeout * GRACE)

    @property
    def row_seconds(self) -> float:
        """Seconds that the report's code may take for one row before it is stopped."""
        return min(LONGEST_ROW, self.timeout * ROW_SHARE)

    @property
    def in_turn(self) -> float:
        """Seconds within which a call that has done its chunk may begin the next one of its lane."""
        return min(IN_TURN_SECONDS, self.timeout * IN_TURN_SHARE)

    @property
    def given_up(self) -> float:
        """Seconds after which a call fails."""
        return self.timeout * GIVEN_UP


def timeout_seconds(text: str) -> float:
    """Seconds of a `functionTimeout`: `hh:mm:ss` or `d.hh:mm:ss`. -1, which means no limit, counts as an hour."""
    if text == "-1":
        return 3600.0
    match = re.fullmatch(r"(?:(\d+)\.)?(\d{1,2}):(\d{2}):(\d{2}(?:\.\d+)?)", text)
    days, hours, minutes, seconds = match.groups(default="0") if match else ("0", "0", "0", "0")
    total = int(days) * 86_400 + int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    if not total:
        raise Permanent(f"functionTimeout is {text!r}, but must look like 00:05:00; correct host.json or the setting")
    return total
