"""The output of the local commands: plain lines, flushed, so that a pipe gets them at once."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class LocalError(Exception):
    """An error that is shown to the user without a traceback. The text says what went wrong and what to do next."""


def say(text: str = "") -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def complain(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


@contextmanager
def ends_cleanly() -> Iterator[None]:
    """Raise KeyboardInterrupt within the block, once, at Ctrl-C, SIGTERM or a closed terminal.

    A second signal is ignored, so that it does not interrupt the cleaning up.
    """
    before = {number: signal.signal(number, _interrupt) for number in _numbers()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _numbers() -> list[signal.Signals]:
    """Return the signals to handle. SIGINT is set explicitly, because a shell's background job starts with it ignored;
    SIGHUP is left out if nohup ignores it."""
    closed = signal.SIGHUP if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN else None
    return [number for number in (signal.SIGINT, signal.SIGTERM, closed) if number]


def _interrupt(number: int, frame: FrameType | None) -> None:
    for again in _numbers():
        signal.signal(again, signal.SIG_IGN)
    raise KeyboardInterrupt
