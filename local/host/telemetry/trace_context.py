"""Positions in a trace, as W3C Trace Context writes them, and the spans of an orchestration.

Source: W3C Recommendation "Trace Context", section 3.2. An orchestration's spans follow from its history, so they are
the same after a restart of the host and need no table.
"""

import hashlib
import os
import re
from dataclasses import dataclass
from typing import Any, Self

_PARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?")
Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class TraceContext:
    """One span of a trace."""

    trace: str
    span: str

    @classmethod
    def new(cls) -> Self:
        """Return the first span of a new trace."""
        return cls(os.urandom(16).hex(), os.urandom(8).hex())

    @classmethod
    def parse(cls, text: str | None) -> Self | None:
        """Return the caller's span that a `traceparent` names, or None for a text that is none."""
        found = _PARENT.fullmatch((text or "").strip().lower())
        return cls(found[1], found[2]) if found else None

    def child(self) -> Self:
        """Return a new span in this trace."""
        return type(self)(self.trace, os.urandom(8).hex())

    def derived(self, *parts: object) -> Self:
        """Return the span in this trace that these parts always give."""
        text = "\n".join(map(str, (self.span, *parts)))
        return type(self)(self.trace, hashlib.sha256(text.encode()).hexdigest()[:16])

    @property
    def traceparent(self) -> str:
        """The header's value: version, trace, span, and the flag that the trace is recorded."""
        return f"00-{self.trace}-{self.span}-01"


def parent_of(started: Event) -> TraceContext | None:
    """Return the span below which an execution runs, or None where its start was not traced."""
    return TraceContext.parse((started.get("ParentTraceContext") or {}).get("TraceParent"))


def execution_of(started: Event) -> TraceContext | None:
    """Return the span of an orchestration. It stays the same when the orchestration continues as new."""
    parent = parent_of(started)
    return parent.derived("orchestration") if parent else None


def task_of(started: Event, task: int) -> TraceContext | None:
    """Return the span of an orchestration's wait for one task, below the orchestration's own."""
    span = execution_of(started)
    return span.derived(started["OrchestrationInstance"]["ExecutionId"], task) if span else None


def as_parent(context: TraceContext, began: str | None = None) -> Event:
    """Return the member ParentTraceContext of an execution that runs below this span."""
    return {
        "TraceParent": context.traceparent,
        "TraceState": None,
        "Id": None,
        "SpanId": None,
        "ActivityStartTime": began,
    }


def carried(started: Event, began: str) -> Event | None:
    """Return the ParentTraceContext of the next generation. It keeps the trace and the time of the first one."""
    parent: Event | None = started.get("ParentTraceContext")
    return parent and {**parent, "ActivityStartTime": parent["ActivityStartTime"] or began}


def of_child(started: Event, task: int) -> Event | None:
    """Return the ParentTraceContext of a sub-orchestration."""
    context = task_of(started, task)
    return as_parent(context) if context else None
