"""Makes the host's span the current one of a call, as the Azure worker does.

The Durable SDK's client sends the current span with a start, so that the orchestration stands below the request.
"""

from functools import cache
from typing import Any


def attach(traceparent: str | None) -> None:
    """Make this span the current one of the task that calls. An app without OpenTelemetry's API has none."""
    if traceparent is not None and (parts := _api()) is not None:
        context, propagator = parts
        context.attach(propagator.extract({"traceparent": traceparent}))


@cache
def _api() -> tuple[Any, Any] | None:
    try:
        from opentelemetry import context
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
    except ImportError:
        return None
    return context, TraceContextTextMapPropagator()
