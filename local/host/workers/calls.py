"""Worker processes with their running calls, and the ways in which a call ends without an answer."""

import asyncio
from asyncio.subprocess import Process
from dataclasses import dataclass, field
from typing import Any

from local.host.workers.wire import Header


class NotReady(Exception):
    """A worker could not load the app. The text is the app's own error."""


class TimedOut(Exception):
    """The function ran longer than functionTimeout."""


class Died(Exception):
    """The worker ended by itself while the function ran."""

    def __init__(self, code: int) -> None:
        super().__init__(f"exit code {code}")
        self.code = code


class Aborted(Exception):
    """The worker was killed because another function overran. This call can be repeated."""


@dataclass
class Invocation:
    """A call that is under way."""

    done: asyncio.Future[tuple[Header, bytes]]
    repeatable: bool  # whether it ends at once when a neighbour's timeout kills the worker


@dataclass
class Worker:
    """A worker process with its running calls."""

    process: Process
    functions: list[dict[str, Any]]
    running: dict[int, Invocation] = field(default_factory=dict)
    outbox: list[bytes] = field(default_factory=list)
    killed: bool = False
    retired: bool = False  # gets no more work; ends when it has none

    def send(self, frame: bytes) -> None:
        """Send a frame. Frames of one round of the event loop are written together."""
        if not self.outbox:
            asyncio.get_running_loop().call_soon(self._flush)
        self.outbox.append(frame)

    def _flush(self) -> None:
        data, self.outbox = b"".join(self.outbox), []
        if self.process.stdin is not None and not self.process.stdin.is_closing():
            self.process.stdin.write(data)
