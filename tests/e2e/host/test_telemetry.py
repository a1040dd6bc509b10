"""What a host that was asked for telemetry writes, and what it keeps to itself."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.host.hosting import Hosted, eventually, hosted

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def observed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosted]:
    """A host that writes telemetry into the folder of its data."""
    folder = tmp_path_factory.mktemp("observed")
    with hosted(folder, "--telemetry", str(folder / "telemetry.jsonl")) as running:
        yield running


def rows(host: Hosted, kind: str) -> Rows:
    """Return the rows of a kind that the host has written so far."""
    path = host.data.parent / "telemetry.jsonl"
    return [row for row in map(json.loads, path.read_text(encoding="utf-8").splitlines()) if row["itemType"] == kind]


def test_a_record_of_a_thread_with_the_calls_id_is_written(observed: Hosted) -> None:
    """A record of a thread that has the call's id is written with the call's span; one without the id is not."""
    observed.result("one", ["logs", None])
    logged = [row for row in rows(observed, "trace") if row["customDimensions"]["Category"] == "Function.logs.User"]
    messages = [row["message"] for row in logged]
    assert messages[:3] == ["from the call", "from a library", "from a thread with the id"]
    assert "from a thread without the id" not in messages
    (activity,) = [row for row in rows(observed, "request") if row["name"] == "activity:logs"]
    assert {row["operation_ParentId"] for row in logged} == {activity["id"]}


def test_a_request_is_written_without_its_query(observed: Hosted) -> None:
    """The URL of a request is written without its query, because a key may stand there."""
    observed.call("GET", f"/api/secret?code={observed.process.function_key}")
    (row,) = [row for row in rows(observed, "request") if row["name"] == "secret"]
    assert (row["success"], row["resultCode"]) == ("True", "200")
    assert row["url"].endswith("/api/secret")
    text = (observed.data.parent / "telemetry.jsonl").read_text(encoding="utf-8")
    assert observed.process.function_key not in text


def test_the_callers_trace_is_taken_up(observed: Hosted) -> None:
    """A request with a traceparent is a span of the caller's trace, below the caller's span."""
    observed.call("GET", "/api/traced", headers={"traceparent": PARENT})
    (row,) = [row for row in rows(observed, "request") if row["name"] == "traced"]
    assert (row["operation_Id"], row["operation_ParentId"]) == (PARENT.split("-")[1], PARENT.split("-")[2])


def test_a_function_that_raises_leaves_exceptions(observed: Hosted) -> None:
    """A call that raised is a failed request and two rows of exceptions with the reason."""
    observed.call("GET", "/api/raises")
    (row,) = [row for row in rows(observed, "request") if row["name"] == "raises"]
    assert (row["success"], row["resultCode"]) == ("False", "500")
    found = [row for row in rows(observed, "exception") if row["operation_Name"] == "raises"]
    assert [row["customDimensions"]["Category"] for row in found] == ["Function.raises", "Host.Results"]
    assert all("Exception: " in row["innermostMessage"] for row in found)


def test_a_timer_is_a_request(observed: Hosted) -> None:
    """A run of a timer function is a request of an operation of its own."""
    eventually(lambda: [r for r in rows(observed, "request") if r["name"] == "at_start"], "the timer's row")
    (row,) = [row for row in rows(observed, "request") if row["name"] == "at_start"]
    assert row["operation_ParentId"] == ""
    assert row["customDimensions"]["TriggerReason"].startswith("Timer fired at ")


def test_a_failed_activity_is_a_failed_wait(observed: Hosted) -> None:
    """An activity that raised is a failed request below a failed dependency."""
    observed.result("caught", [["no_such", 1]])
    observed.result("caught", [["mend", None]])
    found = [
        row for kind in ("dependency", "request") for row in rows(observed, kind) if row["name"] == "activity:mend"
    ]
    wait, request = found
    assert (wait["success"], request["success"]) == ("False", "False")
    assert request["operation_ParentId"] == wait["id"]
    assert wait["customDimensions"]["otel.status_description"].startswith("Activity function 'mend' failed:")


def test_a_restarted_host_goes_on_with_the_trace(tmp_path: Path) -> None:
    """An orchestration that a killed host left has the same operation and span after the restart."""
    with hosted(tmp_path, "--telemetry", str(tmp_path / "telemetry.jsonl")) as host:
        host.call("POST", "/api/client/start/long", {"name": "naps", "input": [1]}, headers={"traceparent": PARENT})
        eventually(lambda: host.noted("naps"), "the activity to begin")
        host.process.kill()
        host.process.start()
        host.finished("long")
        eventually(lambda: [r for r in rows(host, "request") if r["name"] == "orchestration:naps"], "the span")
        (request,) = [r for r in rows(host, "request") if r["name"] == "orchestration:naps"]
        (wait,) = [r for r in rows(host, "dependency") if r["name"] == "activity:nap"]
    assert request["operation_Id"] == wait["operation_Id"] == PARENT.split("-")[1]
    assert wait["operation_ParentId"] == request["id"]
