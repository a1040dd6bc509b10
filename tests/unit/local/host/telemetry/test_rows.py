"""The rows of telemetry."""

import json

from local.host.telemetry.rows import LONGEST_MESSAGE, Inner, Rows, span_text
from local.host.telemetry.trace_context import TraceContext
from tests.unit.local.host.pure import START

SPAN = TraceContext("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331")


def test_a_long_message_is_cut() -> None:
    """A message is cut at 32,768 characters, as on the Azure host."""
    row = Rows().trace(SPAN, START, "store", "x" * 40_000, 20, {})
    assert len(row["message"]) == LONGEST_MESSAGE


def test_an_exception_names_the_function_and_the_reason() -> None:
    """A row of exceptions has the function in the outer message and the reason in the inner one."""
    row = Rows().exception(SPAN, START, "store", Inner("E", "no such table"), {})
    assert row["outerMessage"] == "Exception while executing function: Functions.store"
    assert (row["innermostType"], row["innermostMessage"]) == ("E", "no such table")
    json.dumps(row)


def test_a_time_span_has_dotnets_form() -> None:
    """Seconds become hours, minutes, seconds and seven decimals."""
    assert span_text(3723.5) == "01:02:03.5000000"
