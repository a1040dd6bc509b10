"""What the local commands say, and how: plain lines, flushed, so that a pipe sees them at once."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class LocalError(Exception):
    """What went wrong and what to do next, told to the user without a traceback."""


def say(text: str = "") -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def complain(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


@contextmanager
def ends_cleanly() -> Iterator[None]:
    """Within it, being told to end (Ctrl-C, SIGTERM, a closed terminal) raises KeyboardInterrupt, once.

    A second signal is ignored, so that the first one's cleaning up is not cut short.
    """
    before = {number: signal.signal(number, _interrupt) for number in _numbers()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _numbers() -> list[signal.Signals]:
    """SIGINT by name too, for a shell's background job starts with it ignored; SIGHUP unless nohup says otherwise."""
    closed = signal.SIGHUP if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN else None
    return [number for number in (signal.SIGINT, signal.SIGTERM, closed) if number]


def _interrupt(number: int, frame: FrameType | None) -> None:
    for again in _numbers():
        signal.signal(again, signal.SIG_IGN)
    raise KeyboardInterrupt
