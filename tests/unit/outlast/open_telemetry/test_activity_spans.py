"""A span around each call of an activity."""

import ast
import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.trace import StatusCode

from outlast.errors import Permanent
from outlast.open_telemetry.activity_spans import PHASES, ActivitySpans
from outlast.open_telemetry.run_ids import phase_span_id, run_span_id, trace_id
from tests.unit.outlast.open_telemetry.recording import Spans, parent_of, trace_of

ACTIVITIES = Path(__file__).parents[4] / "activities"


async def store_data_to_db(given: Any) -> Any:
    return {"given": given}


async def advance_run(given: Any, client: Any) -> Any:
    return client


async def send_email(given: Any) -> Any:
    raise Permanent("a value of a row")


def test_a_call_is_a_span_below_its_phase() -> None:
    """The span has the activity's name, run, attempt and chunk, and the call's answer is unchanged."""
    spans = Spans()
    traced = ActivitySpans(spans.tracer()).traced(store_data_to_db)
    given = {"run": "r1", "attempt": 2, "chunk": 7, "cursor": None}
    assert traced.__name__ == "store_data_to_db"
    assert asyncio.run(_awaited(traced(given))) == {"given": given}
    span = spans.ended()["store_data_to_db"]
    assert (trace_of(span), parent_of(span)) == (trace_id("r1"), phase_span_id("r1", 2, "storing"))
    assert dict(span.attributes or {}) == {"outlast.run": "r1", "outlast.attempt": 2, "outlast.chunk": 7}
    assert span.status.status_code is StatusCode.UNSET


async def _awaited(call: Any) -> Any:
    return await call


def test_an_activity_of_no_phase_is_below_the_run() -> None:
    """An activity that belongs to no phase stands below the run, and gets its client."""
    spans = Spans()
    traced = ActivitySpans(spans.tracer()).traced(advance_run)
    assert asyncio.run(_awaited(traced({"run": "r1", "event": "read"}, client="c"))) == "c"
    assert parent_of(spans.ended()["advance_run"]) == run_span_id("r1")


def test_an_error_is_told_by_its_type() -> None:
    """The span of a call that raises has the type of the error and not its text, and the error is raised."""
    spans = Spans()
    with pytest.raises(Permanent, match="a value of a row"):
        asyncio.run(_awaited(ActivitySpans(spans.tracer()).traced(send_email)({"run": "r1", "attempt": 1})))
    span = spans.ended()["send_email"]
    assert (span.status.status_code, (span.attributes or {})["error.type"]) == (StatusCode.ERROR, "Permanent")
    assert "a value of a row" not in span.to_json()


def entered() -> Iterator[tuple[str, str]]:
    """Yield each activity with the state in which it enters the gate."""
    for path in ACTIVITIES.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "enter":
                yield from ((path.stem, state.value) for state in node.args[1:] if isinstance(state, ast.Constant))  # type: ignore[misc]  # the gate takes strings


def test_each_activity_has_the_phase_in_which_it_works() -> None:
    """PHASES has the state of each activity that enters the gate, and of the undo."""
    found = dict(entered())
    assert found
    assert {**found, "undo_report": "failing"} == PHASES
