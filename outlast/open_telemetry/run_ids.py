"""The ids of a run's trace and spans, computed from the run, so that all processes of the app agree on them."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from opentelemetry.context import Context
from opentelemetry.sdk.trace.id_generator import IdGenerator, RandomIdGenerator
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    TraceFlags,
    get_current_span,
    set_span_in_context,
)

SAMPLED = TraceFlags(TraceFlags.SAMPLED)


def trace_id(run: str) -> int:
    """128 bits. They are a hash, because samplers take a trace id's last bits for random ones, and a run's id has
    fixed bits there."""
    return _hashed(16, run)


def run_span_id(run: str, earlier: int = 0) -> int:
    """64 bits: the span of the run, or of what was done again behind so many `earlier` attempts."""
    return _hashed(8, run, "redrive", earlier) if earlier else _hashed(8, run, "run")


def phase_span_id(run: str, attempt: int, state: str) -> int:
    """64 bits: the span of a state in an attempt of the run."""
    return _hashed(8, run, "phase", attempt, state)


def below(run: str, span_id: int) -> Context:
    """The context in which a span is a child of this span of the run's trace."""
    parent = SpanContext(trace_id(run), span_id, is_remote=True, trace_flags=SAMPLED)
    return set_span_in_context(NonRecordingSpan(parent), Context())


def links_to_host() -> list[Link]:
    """Where the host traces its calls too: a link to the span of this call, which is in the caller's trace."""
    current = get_current_span().get_span_context()
    return [Link(current)] if current.is_valid else []


def _hashed(size: int, *parts: str | int) -> int:
    """A number of so many bytes that is not 0, which means no id."""
    text = "\n".join(map(str, parts)).encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:size]) or 1


class ChosenIds(IdGenerator):
    """Gives the ids that were chosen for a span, and random ones where none were."""

    def __init__(self) -> None:
        self._random = RandomIdGenerator()
        self._chosen: ContextVar[tuple[int, int] | None] = ContextVar("chosen ids", default=None)

    @contextmanager
    def chosen(self, trace: int, span: int) -> Iterator[None]:
        """The span that is started inside has these ids."""
        token = self._chosen.set((trace, span))
        try:
            yield
        finally:
            self._chosen.reset(token)

    def generate_trace_id(self) -> int:
        chosen = self._chosen.get()
        return chosen[0] if chosen else self._random.generate_trace_id()

    def generate_span_id(self) -> int:
        chosen = self._chosen.get()
        return chosen[1] if chosen else self._random.generate_span_id()

    def is_trace_id_random(self) -> bool:
        return False
