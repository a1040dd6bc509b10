"""What a report's code can do to the process that runs it: hang, die, be slow.

In a child process it is done. In the process of the test it is only announced, and the inline compute plays its part.
"""

import os
import re
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

_inline = 0


class Hanging(BaseException):
    """The code does not return."""


class Dying(BaseException):
    """The code ends its process."""


@contextmanager
def inline() -> Iterator[None]:
    """Vices are announced as exceptions meanwhile."""
    global _inline  # a child process imports this module for itself
    _inline += 1
    try:
        yield
    finally:
        _inline -= 1


def hang() -> None:
    """Never return, with the interpreter's lock changing hands."""
    if _inline:
        raise Hanging
    while True:
        pass


def hang_in_regular_expression() -> None:
    """Never return, and never give the interpreter's lock away."""
    if _inline:
        raise Hanging
    re.match(r"(a+)+$", "a" * 60 + "b")


def die() -> None:
    """End as by `kill -9`, the way of a system without memory."""
    if _inline:
        raise Dying
    os.kill(os.getpid(), signal.SIGKILL)


def be_slow(seconds: float) -> None:
    """Take time, but return."""
    if not _inline:
        time.sleep(seconds)


VICES = {"hang": hang, "regular_expression": hang_in_regular_expression, "die": die}
