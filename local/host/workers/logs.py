"""Handles the app's log records as the Azure host does: a record that belongs to no running call is dropped."""

import asyncio
import logging
import sys
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from local.host.options import LEVELS
from local.host.workers.context import THREADS

NAMES = {number: name.capitalize() for name, number in LEVELS.items()}
INVOCATION: ContextVar[str | None] = ContextVar("invocation", default=None)  # inherited by the tasks of a call


class Records(logging.Handler):
    """Writes the records of running calls, from a level on, to the error output as `Function.NAME.User LEVEL: TEXT`.

    The Azure host drops a record without a running call's id. This handler drops it too, and says so once a process.
    """

    def __init__(self, shown: int) -> None:
        super().__init__()
        self._shown = shown
        self._has_dropped = False
        self.heard: Callable[[dict[str, Any]], None] | None = None  # gets the records of running calls
        self.running: dict[str, str] = {}  # invocation id: the function's name

    def emit(self, record: logging.LogRecord) -> None:
        """Called by `logging`, in any thread."""
        invocation = current_invocation() or ""
        function = self.running.get(invocation)
        if function is None:
            self._drop(record)
            return
        if record.levelno >= self._shown:
            write(f"Function.{function}.User {level_name(record.levelno)}: {self._text(record)}")
        if self.heard is not None:
            self.heard({"invocation": invocation, "level": record.levelno, "text": self._text(record)})

    def _text(self, record: logging.LogRecord) -> str:
        try:
            return self.format(record)
        except Exception as error:  # noqa: BLE001 - arguments may not fit the message, and any __str__ may raise
            return f"{record.msg!r} (not formatted: {type(error).__name__})"

    def _drop(self, record: logging.LogRecord) -> None:
        if self._has_dropped or record.levelno < logging.WARNING:
            return
        self._has_dropped = True
        what = f"A {level_name(record.levelno)} of logger {record.name} in thread {record.threadName}"
        write(
            f"{what} belongs to no running call. Azure drops such records, and so does this host. "
            "In a thread, set invocation_id of the context's thread_local_storage first."
        )


def current_invocation() -> str | None:
    """Return the id of the call that the current task belongs to, or outside of a task the current thread."""
    try:
        task = asyncio.current_task()
    except RuntimeError:
        task = None
    identity: str | None = INVOCATION.get() if task else getattr(THREADS, "invocation_id", None)
    return identity


def install(shown: int) -> Records:
    """Give the root logger the Azure worker's level, INFO, which holds for libraries too."""
    records = Records(shown)
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    root.addHandler(records)
    return records


def level_name(number: int) -> str:
    """Return the Azure host's name of a level of Python's logging."""
    return NAMES[max((n for n in NAMES if n <= number), default=LEVELS["trace"])]


def write(text: str) -> None:
    """Write a record at once, so that records of several processes do not mix."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
