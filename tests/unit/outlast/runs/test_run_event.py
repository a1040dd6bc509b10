from typing import Any

import orjson

from outlast.models import Failure
from outlast.runs.run_event import RunEvent
from tests.fakes.records import make_record


def told(address: str = "https://app.example", **fields: Any) -> dict[str, Any]:
    event: dict[str, Any] = orjson.loads(RunEvent.of(make_record(**fields), address).body)
    return event


def test_an_event_has_the_required_attributes() -> None:
    """An event has what CloudEvents 1.0 requires, all of it text that is not empty."""
    event = told(state="completed", since="2026-01-01T00:00:09+00:00")
    assert event["specversion"] == "1.0"
    assert (event["source"], event["type"]) == ("https://app.example/api/reports/sales", "outlast.run.completed")
    assert event["time"] == "2026-01-01T00:00:09+00:00"
    assert all(isinstance(event[name], str) and event[name] for name in ("id", "source", "type", "subject"))


def test_an_event_says_what_came_of_the_run() -> None:
    """The data have state, failure, counts and costs, and where to read more."""
    failure = Failure("generate_report", 3, "too many").to_dict()
    receipt = {"rows_read": 7, "request_units": 12.5, "input_sha256": "ab"}
    data = told(state="failing", outcome="failed", failure=failure, receipt=receipt, pending=["undo"])["data"]
    assert (data["state"], data["failure"], data["undo_pending"]) == ("failed", failure, True)
    assert data["receipt"] == {"rows_read": 7, "request_units": 12.5}
    assert data["run_uri"] == "https://app.example/api/runs/r1"


def test_no_parameter_and_no_file_name_is_in_an_event() -> None:
    """An event holds no data of the caller, as an email does."""
    event = told(filename="s3cret.csv", parameters={"customer": "s3cret"}, reference="s3cret/x")
    assert "s3cret" not in str(event)


def test_each_attempt_has_an_event_of_its_own() -> None:
    """The same end of the same attempt has the same key; another attempt or a later run of the id has another."""
    at = {"accepted": "1970-01-01T00:00:01.500+00:00"}
    assert told(state="failing", outcome="failed", **at)["id"] == told(state="failed", **at)["id"] == "r1:1:failed:1500"
    assert told(state="failed", attempt=2, **at)["id"] == "r1:2:failed:1500"
    assert told(state="failed", accepted="1970-01-01T00:00:01.501+00:00")["id"] == "r1:1:failed:1501"
