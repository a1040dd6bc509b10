"""What the host tells its telemetry. `SILENT` is told when nobody has asked for telemetry."""

from collections.abc import Awaitable
from typing import Protocol

from local.host.durable.events import Event
from local.host.durable.turn import Outcome, Turn
from local.host.storage.database import Queries
from local.host.storage.store import Activity
from local.host.workers.wire import Header

Answer = tuple[Header, bytes]


class Observer(Protocol):
    """Each method that returns a header returns what a worker's call has in addition: its id and its `traceparent`."""

    listens: bool
    """Whether the workers send the functions' log records."""

    def request(self, function: str, method: str, url: str, traceparent: str | None) -> Header:
        """An HTTP function is about to be called."""
        ...

    def timer(self, function: str, reason: str) -> Header:
        """A timer function is about to be called."""
        ...

    def activity(self, activity: Activity, read: Queries) -> Header:
        """An activity is about to be called."""
        ...

    def turn(self, started: Event) -> Header:
        """An orchestrator is about to be called."""
        ...

    def turned(self, turn: Turn, outcome: Outcome) -> None:
        """A turn was saved."""
        ...

    def started(self, start: Event, traceparent: str | None) -> Event:
        """A client starts an orchestration; return the event with its place in the trace."""
        ...

    def watched(self, function: str, invocation: str, call: Awaitable[Answer]) -> Awaitable[Answer]:
        """Return the answer of a call, and see its beginning and its end."""
        ...

    def logged(self, record: Header) -> None:
        """A function has logged a record."""
        ...

    def close(self) -> None:
        """Nothing more will be told."""
        ...


class Silent:
    """Writes nothing."""

    listens = False

    def request(self, function: str, method: str, url: str, traceparent: str | None) -> Header:
        return {}

    def timer(self, function: str, reason: str) -> Header:
        return {}

    def activity(self, activity: Activity, read: Queries) -> Header:
        return {}

    def turn(self, started: Event) -> Header:
        return {}

    def turned(self, turn: Turn, outcome: Outcome) -> None:
        return

    def started(self, start: Event, traceparent: str | None) -> Event:
        return start

    def watched(self, function: str, invocation: str, call: Awaitable[Answer]) -> Awaitable[Answer]:
        return call

    def logged(self, record: Header) -> None:
        return

    def close(self) -> None:
        return


SILENT = Silent()
