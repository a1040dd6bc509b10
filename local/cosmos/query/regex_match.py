"""RegexMatch, with a limit of time, because some patterns take a time that doubles with each character of the text."""

import re
import signal
import threading
import warnings
from functools import lru_cache
from time import perf_counter
from typing import Any

from local.cosmos.errors import bad_request
from local.cosmos.query.values import UNDEFINED

SECONDS = 1.0
"""For all matches of one call in one page."""
FLAGS = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL, "x": re.VERBOSE}


class TooSlow(Exception):
    """The time is used up."""


class RegexMatch:
    """One call of the function in one page of a query. It raises 400 once its matches have taken too long."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._left = seconds

    def __call__(self, text: Any, pattern: Any, flags: Any = "") -> Any:
        if not (isinstance(text, str) and isinstance(pattern, str) and isinstance(flags, str)):
            return UNDEFINED
        began = perf_counter()
        try:
            return self._search(text, pattern, flags)
        except re.error:
            return UNDEFINED
        except TooSlow:
            message = f"The pattern {pattern[:100]!r} of RegexMatch took longer than {SECONDS:.0f} s on this page."
            raise bad_request(message) from None
        finally:
            self._left -= perf_counter() - began

    def _search(self, text: str, pattern: str, flags: str) -> bool:
        """Whether the pattern is found; raises TooSlow in the middle of the search, and re.error.

        The regular expressions of Python look for signals while they search, and the exception of the handler ends the
        search. Only the main thread, in which the emulator runs, gets signals; in other threads there is no limit.
        """
        if self._left <= 0:
            raise TooSlow
        if threading.current_thread() is not threading.main_thread():
            return _compiled(pattern, flags).search(text) is not None
        if signal.getsignal(signal.SIGALRM) is not _alarm:
            signal.signal(signal.SIGALRM, _alarm)
        try:
            signal.setitimer(signal.ITIMER_REAL, self._left)
            return _compiled(pattern, flags).search(text) is not None
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)


@lru_cache(maxsize=64)
def _compiled(text: str, flags: str) -> re.Pattern[str]:
    with warnings.catch_warnings(action="ignore"):  # Python warns of patterns that may change their meaning
        return re.compile(text, sum(FLAGS.get(flag, 0) for flag in set(flags)))


def _alarm(number: int, frame: Any) -> None:
    raise TooSlow
