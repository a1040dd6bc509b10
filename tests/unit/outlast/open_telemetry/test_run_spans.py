"""The spans that follow from changes of a run's record."""

from datetime import datetime

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import StatusCode

from outlast.open_telemetry.run_ids import phase_span_id, run_span_id, trace_id
from outlast.open_telemetry.run_spans import RunSpans
from outlast.runs.record import RunRecord
from tests.fakes.clock import START
from tests.fakes.records import altered, make_record
from tests.unit.outlast.open_telemetry.recording import Spans, id_of, later, parent_of, seconds_of, trace_of

RECEIPT = {"rows_read": 12, "documents_written": 10, "request_units": 99.5, "throttled": 3}


def since(time: datetime) -> str:
    return time.isoformat()


def begun(state: str, **more: object) -> RunRecord:
    """A run of ten seconds of age that came into its state two seconds ago."""
    accepted, entered = since(later(START, -10)), since(later(START, -2))
    return altered(make_record(), accepted=accepted, state=state, since=entered, **more)


def made(before: RunRecord, after: RunRecord) -> dict[str, ReadableSpan]:
    """Return the spans that a change makes."""
    spans = Spans()
    RunSpans(spans.tracer(), spans.ids).changed(before, after, START)
    return spans.ended()


def test_a_phase_that_ends_is_a_span_below_the_run() -> None:
    """A change of state makes the span of the state that ended, with its time."""
    record = begun("generating")
    (span,) = made(record, altered(record, state="resolving")).values()
    assert (span.name, seconds_of(span)) == ("generating", 2)
    assert trace_of(span) == trace_id("r1")
    assert (id_of(span), parent_of(span)) == (phase_span_id("r1", 1, "generating"), run_span_id("r1"))
    assert dict(span.attributes or {}) == {"outlast.run": "r1", "outlast.report": "sales", "outlast.attempt": 1}


def test_a_run_that_ends_is_the_root() -> None:
    """The end makes the span of the last phase and that of the run, from its acceptance on, with its receipt."""
    record = begun("publishing", wrote=True)
    spans = made(record, altered(record, state="completed", receipt=RECEIPT))
    assert set(spans) == {"publishing", "run"}
    run = spans["run"]
    assert (id_of(run), parent_of(run), seconds_of(run)) == (run_span_id("r1"), None, 10)
    told = dict(run.attributes or {})
    assert (told["outlast.state"], told["outlast.rows"], told["outlast.documents"]) == ("completed", 12, 10)
    assert run.status.status_code is StatusCode.UNSET


def test_a_failed_run_is_an_error_that_names_its_step() -> None:
    """The span of a failed run has the step as its status, and not the text of the failure."""
    record = begun("failing", failure={"step": "generate_report", "chunk": 3, "text": "s3cret"})
    run = made(record, altered(record, state="failed"))["run"]
    assert (run.status.status_code, run.status.description) == (StatusCode.ERROR, "generate_report")
    assert "s3cret" not in run.to_json()


def test_an_attempt_that_is_given_up_ends_its_own_phase() -> None:
    """The span of a phase has the attempt in which the phase was, although the next one has begun."""
    record = begun("storing")
    (span,) = made(record, altered(record, state="accepted", attempt=2)).values()
    assert id_of(span) == phase_span_id("r1", 1, "storing")


def test_a_redrive_is_a_span_below_the_run() -> None:
    """A redriven run has its root, so its second end makes a span below it, to which its phases belong."""
    redriven = {"attempt": 2, "at": since(later(START, -4))}
    record = begun("publishing", attempt=2, earlier=1, redriven=redriven)
    spans = made(record, altered(record, state="completed"))
    again = spans["redrive"]
    assert (parent_of(again), seconds_of(again)) == (run_span_id("r1"), 4)
    assert parent_of(spans["publishing"]) == id_of(again) == run_span_id("r1", 1)


@pytest.mark.parametrize(
    ("before", "after"),
    [("storing", "storing"), ("failed", "queued"), ("failed", "completed")],
)
def test_what_ends_no_phase_makes_no_span(before: str, after: str) -> None:
    """A change without a change of state makes no span, nor does one of a run that has ended."""
    record = begun(before)
    assert made(record, altered(record, state=after)) == {}


def test_a_record_without_a_time_makes_no_phase() -> None:
    """A record of before the time of a state was noted makes no span of that state."""
    record = begun("storing")
    assert made(altered(record, since=None), altered(record, state="publishing")) == {}


def test_an_approved_run_has_one_root() -> None:
    """A run whose plan was approved had not ended, so its later phases and its end belong to the one root."""
    record = begun("publishing", attempt=2, earlier=1, approved={"at": since(START), "documents_sha256": ""})
    spans = made(record, altered(record, state="completed"))
    assert (id_of(spans["run"]), parent_of(spans["run"])) == (run_span_id("r1"), None)
    assert parent_of(spans["publishing"]) == run_span_id("r1")


@pytest.mark.parametrize(("event", "name"), [("corrected", "correction"), ("verification_asked", "verification")])
def test_what_is_done_again_is_a_span_below_the_run(event: str, name: str) -> None:
    """The end of a correction or verification makes a span below the root, from its begin on, and no second root."""
    events = [{"at": since(later(START, -4)), "event": event, "attempt": 3}]
    record = begun("publishing", attempt=3, earlier=2, revision=1, events=events)
    spans = made(record, altered(record, state="completed"))
    assert (set(spans), parent_of(spans[name]), seconds_of(spans[name])) == ({"publishing", name}, run_span_id("r1"), 4)
    assert parent_of(spans["publishing"]) == id_of(spans[name]) == run_span_id("r1", 2)
