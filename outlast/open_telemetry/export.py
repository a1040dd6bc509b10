"""What the app hands to the optional export of spans and metrics by OpenTelemetry."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from outlast.cosmos.bulk.transport import Transport
from outlast.runs.observed import UNWATCHED, Watch

Activity = Callable[..., Awaitable[Any]]


class Export(Protocol):
    @property
    def watch(self) -> Watch:
        """Is told of each change of a run's record."""
        ...

    def traced(self, function: Activity) -> Activity:
        """Return the activity with a span around each call."""
        ...

    def sampled(self, transport: Transport) -> Transport:
        """Return the transport with a span around some of its requests."""
        ...


class NoExport:
    """Leaves everything as it is, so that it costs a run nothing."""

    watch = UNWATCHED

    def traced(self, function: Activity) -> Activity:
        return function

    def sampled(self, transport: Transport) -> Transport:
        return transport
