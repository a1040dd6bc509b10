"""Positions in a trace, and the spans of an orchestration."""

from typing import Any

import pytest

from local.host.durable import events
from local.host.telemetry.trace_context import TraceContext, carried, execution_of, of_child, parent_of, task_of
from tests.unit.local.host.pure import START

CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def started(traceparent: str | None = CALLER, execution: str = "x") -> dict[str, Any]:
    """The first event of an execution."""
    event = events.execution_started(instance="me", execution=execution, name="code", input=None, now=START)
    parent = {"TraceParent": traceparent, "ActivityStartTime": None} if traceparent else None
    return {**event, "ParentTraceContext": parent}


def test_a_traceparent_is_parsed() -> None:
    """A traceparent gives the trace and the caller's span."""
    found = TraceContext.parse(CALLER)
    assert found == TraceContext("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331")


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "junk",
        CALLER[:-1],
        "ff" + CALLER[2:],
        f"00-{'0' * 32}-b7ad6b7169203331-01",
        f"00-0af7651916cd43dd8448eb211c80319c-{'0' * 16}-01",
    ],
)
def test_what_is_no_traceparent_is_ignored(text: str | None) -> None:
    """A text that is no traceparent, or whose ids are zero, gives None."""
    assert TraceContext.parse(text) is None


def test_spans_follow_from_the_history() -> None:
    """The spans of an orchestration are the same however often they are computed, and differ by task."""
    assert execution_of(started()) == execution_of(started())
    assert task_of(started(), 1) == task_of(started(), 1)
    assert len({execution_of(started()), task_of(started(), 0), task_of(started(), 1), parent_of(started())}) == 4


def test_a_child_runs_below_its_parents_wait() -> None:
    """The span above a sub-orchestration is its parent's wait for it."""
    child = {**started(None, "child"), "ParentTraceContext": of_child(started(), 3)}
    assert parent_of(child) == task_of(started(), 3)


def test_the_next_generation_keeps_the_span() -> None:
    """An orchestration that continues as new keeps its span and the time of its first turn; its tasks have others."""
    first = started()
    following = {**started(execution="y"), "ParentTraceContext": carried(first, "2026-01-01T00:00:01Z")}
    assert execution_of(following) == execution_of(first)
    assert task_of(following, 0) != task_of(first, 0)
    third = carried(following, "2026-01-01T00:00:09Z")
    assert third is not None
    assert third["ActivityStartTime"] == "2026-01-01T00:00:01Z"


def test_without_telemetry_nothing_is_traced() -> None:
    """A start without a trace context gives no spans, and its children and generations get none."""
    bare = started(None)
    assert (execution_of(bare), task_of(bare, 0), of_child(bare, 0), carried(bare, "now")) == (None, None, None, None)
