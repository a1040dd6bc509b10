"""The Azure worker's invocation context, for functions with a parameter `context`."""

import os
import threading
from dataclasses import dataclass
from typing import Any

import azure.functions as func
from azure.functions import _abc

THREADS = threading.local()  # holds the invocation's id, by which a thread's log records are assigned to a call


class Trace(_abc.TraceContext):
    """The call's span in the host's telemetry. Without telemetry it is a trace that nothing collects."""

    def __init__(self, parent: str | None = None) -> None:
        self._parent = parent or f"00-{os.urandom(16).hex()}-{os.urandom(8).hex()}-00"

    @property
    def trace_parent(self) -> str:
        """Version, trace, span and flags."""
        return self._parent

    @property
    def trace_state(self) -> str:
        """Empty."""
        return ""

    @property
    def attributes(self) -> dict[str, str]:
        """None."""
        return {}

    Traceparent, Tracestate, Attributes = trace_parent, trace_state, attributes  # the Azure worker's own names


@dataclass(frozen=True)
class Retry:
    """Always the first attempt, because this host makes no other."""

    retry_count: int = 0
    max_retry_count: int = 0
    exception: Any = None


class Context(func.Context):
    """One call of a function."""

    def __init__(self, name: str, folder: str, invocation: str, traceparent: str | None = None) -> None:
        self._name = name
        self._folder = folder
        self._invocation = invocation
        self._trace = Trace(traceparent)

    @property
    def invocation_id(self) -> str:
        """The id of this call."""
        return self._invocation

    @property
    def function_name(self) -> str:
        """The name under which the function is registered."""
        return self._name

    @property
    def function_directory(self) -> str:
        """The app's folder."""
        return self._folder

    @property
    def trace_context(self) -> Any:
        """The call's position in a trace."""
        return self._trace

    @property
    def retry_context(self) -> Any:
        """The number of this attempt."""
        return Retry()

    @property
    def thread_local_storage(self) -> Any:
        """The app's own storage, for each thread."""
        return THREADS
