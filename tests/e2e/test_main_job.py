import csv
import hashlib
import io
from collections.abc import Iterator

import pytest

from local.stack.settings import APP
from tests.e2e.stack import BROKEN, JANUARY, Stack, first_rows, running

SHORT = {"year": "2013", "carrier": "B6", "origin": "JFK", "dest": "FLL", "time_hour": "2013-01-01T11:00:00Z"}
"""What the short row of the broken sample lacks."""
HOUR_OF_MAIL = ("FIRST_RETRY_SECONDS", "0.05")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running(tmp_path_factory.mktemp("stack"), dict([HOUR_OF_MAIL])) as stack:
        yield stack


def failed_run(stack: Stack) -> str:
    """Start a run that fails; return it when it has ended."""
    run = stack.start("flight_delays", BROKEN.read_bytes())
    assert stack.wait(run)["runtimeStatus"] == "Failed"
    return run


def is_planned(stack: Stack, run: str) -> bool:
    status = stack.status(run)["customStatus"] or {}
    return stack.record(run)["state"] == "planned" and status.get("phase") == "planned"


def staged_documents(stack: Stack, run: str) -> dict[str, bytes]:
    folder = stack.data / "staging/runs" / run / "generated"
    return {str(path): path.read_bytes() for path in folder.rglob("*.jsonl")}


def test_january_is_stored_whole_and_once_as_it_was_planned(stack: Stack) -> None:
    """Nothing of a real month is written before its plan is approved; then every row is stored once, from the same
    staged bytes and at the request units that were estimated, also when the host was killed while it waited."""
    run = stack.start("flight_delays", JANUARY.read_bytes(), plan="true")
    stack.wait_until(lambda: is_planned(stack, run), f"{run} to be planned", 120)
    plan, before = stack.request("GET", f"/api/runs/{run}/plan")[1], staged_documents(stack, run)
    assert (stack.ids("flight-delays"), plan["documents"]["new"]) == ([], 27_004)
    stack.kill_host_and_start_again()
    stack.wait_until(lambda: stack.request("POST", f"/api/runs/{run}/approve")[0] in (200, 202), "an answer")
    receipt = stack.wait(run)["output"]
    assert (receipt["rows_read"], receipt["rows_stored"], receipt["documents_written"]) == (27_004, 27_004, 27_004)
    assert receipt["documents_sha256"] == plan["documents_sha256"]
    source = (APP / "reports/flight_delays.py").read_bytes()
    assert receipt["report_sha256"] == [hashlib.sha256(source).hexdigest()]
    assert receipt["request_units"] == pytest.approx(plan["request_units"], rel=0.05)
    ids, record = stack.ids("flight-delays"), stack.record(run)
    assert (len(ids), len(set(ids))) == (27_004, 27_004)
    assert (record["state"], record["receipt"], staged_documents(stack, run)) == ("completed", receipt, before)


def test_a_purged_plan_is_told_truly(stack: Stack) -> None:
    """A planned run whose orchestration is purged from outside fails with that reason, and stores nothing."""
    before = len(stack.ids("flight-delays"))
    run = stack.start("flight_delays", first_rows(60), plan="true")
    stack.wait_until(lambda: is_planned(stack, run), f"{run} to be planned")
    assert stack.manage("POST", run, "/terminate", reason="enough") == 202
    stack.wait(run)
    assert stack.manage("DELETE", run) == 200
    record = stack.sweep_until(run, "failed")
    assert record["failure"]["text"].startswith(("its orchestration is gone: it was purged", "its orchestration was"))
    assert len(stack.ids("flight-delays")) == before


def test_a_failed_run_is_redriven_and_verified(stack: Stack) -> None:
    """A run that failed by its rejects is redriven with more tolerance, and verified later."""
    run = failed_run(stack)
    stack.wait_until(lambda: not stack.record(run)["open"], f"{run} to be closed")
    assert stack.request("POST", f"/api/runs/{run}/redrive", tolerated_rejects="3")[0] == 202
    stack.wait_until(lambda: stack.record(run)["state"] == "completed", f"{run} to be completed")
    stack.wait(run)  # as long as its orchestration is ending, a sweep would have to start the verification
    assert stack.request("POST", f"/api/runs/{run}/verify", level="content")[0] == 202
    stack.wait_until(lambda: "verified" in (stack.record(run)["receipt"] or {}), f"{run} to be verified")
    verified = stack.record(run)["receipt"]["verified"]
    assert (verified["documents"], verified["equal"]) == (9, 9)


def test_the_second_report_reads_the_database_first(stack: Stack) -> None:
    """A report that reads airline names puts them into its documents and keeps only the rows that its parameter asks
    for."""
    run = stack.start("airport_departures", first_rows(500), min_delay="60")
    assert stack.wait(run)["runtimeStatus"] == "Completed"
    found = stack.current("airport_departures")
    assert found
    assert all(document["dep_delay"] >= 60 for document in found)
    assert "United Air Lines Inc." in {document["airline"] for document in found}


def test_a_failed_run_writes_nothing_and_sends_one_email(stack: Stack) -> None:
    """A run with rejects that are not tolerated writes no document and sends one email with the reason."""
    before = len(stack.ids("flight-delays"))
    run = failed_run(stack)
    output = stack.status(run)["output"]
    assert output.endswith("3 of 12 rows were rejected and 0 rows are tolerated")
    [mail] = stack.mails_about(run)
    assert "3 of 12 rows were rejected and 0 rows are tolerated" in mail["text"]
    assert len(stack.ids("flight-delays")) == before
    assert (stack.record(run)["state"], stack.record(run)["pending"]) == ("failed", [])


def test_tolerated_rejects_cost_themselves_alone(stack: Stack) -> None:
    """A run that tolerates its rejects stores the good rows and lists the bad ones with row, column and code."""
    run = stack.start("flight_delays", BROKEN.read_bytes(), tolerated_rejects="3")
    receipt = stack.wait(run)["output"]
    assert (receipt["rows_read"], receipt["rows_stored"], receipt["rows_rejected"]) == (12, 9, 3)
    assert [line.split(",")[:3] for line in stack.rejects(run)[1:]] == [
        ["4", "dep_delay", "float_parsing"],
        ["8", "", "field_count"],
        ["10", "carrier", "string_type"],
    ]


def test_the_broken_rows_are_downloaded_corrected_and_posted(stack: Stack) -> None:
    """The rejects of the broken sample, corrected and sent back, are stored under the same run: 12 stored, none
    rejected."""
    run = failed_run(stack)
    lines = list(csv.DictReader(stack.rejects(run)))
    fixed = {"4": {"dep_delay": "2"}, "8": {**dict.fromkeys(lines[0], "1"), **SHORT}, "10": {"carrier": "UA"}}
    body = io.StringIO()
    writer = csv.DictWriter(body, list(lines[0])[::-1], extrasaction="ignore")
    writer.writeheader()
    writer.writerows({**line, **fixed[line["row"]], "row": line["row"]} for line in lines)
    status, answer = stack.request("POST", f"/api/runs/{run}/corrections", body.getvalue().encode())
    assert (status, answer["rows"]) == (202, 3)
    stack.wait_until(lambda: stack.record(run)["state"] == "completed", f"{run} to be completed")
    receipt = stack.record(run)["receipt"]
    assert (receipt["rows_read"], receipt["rows_stored"], receipt["rows_rejected"]) == (12, 12, 0)
    assert len(stack.rejects(run)) == 1
    events = stack.request("GET", f"/api/runs/{run}/events")[1]["events"]
    assert "corrected" in [entry["event"] for entry in events]


def test_the_email_arrives_once_after_two_errors_of_the_mail_service(stack: Stack) -> None:
    """An email that the mail service refuses twice with 500 and then accepts arrives once."""
    stack.let_inbox_answer(500, 500, 202)
    run = failed_run(stack)
    assert len(stack.mails_about(run)) == 1
    assert stack.record(run)["pending"] == []


def test_a_mail_service_that_refuses_changes_nothing(stack: Stack) -> None:
    """An email that gets 401 is not sent again, and the run stays failed with its own reason."""
    stack.let_inbox_answer(401)
    run = failed_run(stack)
    assert stack.mails_about(run) == []
    assert stack.status(run)["output"].endswith("3 of 12 rows were rejected and 0 rows are tolerated")
    assert stack.record(run)["state"] == "failed"


def test_two_runs_at_once_do_not_disturb_each_other(stack: Stack) -> None:
    """Two runs started together both complete, each with its own receipt."""
    runs = [stack.start("flight_delays", first_rows(rows)) for rows in (300, 400)]
    assert [stack.wait(run)["output"]["rows_stored"] for run in runs] == [300, 400]


def test_runs_are_listed_newest_first(stack: Stack) -> None:
    """Runs are listed newest first, a page at a time, filtered by report and state."""
    runs = [stack.start("flight_delays", first_rows(50)) for _ in range(3)]
    for run in runs:
        stack.wait(run)
    first = stack.request("GET", "/api/runs", report="flight_delays", state="completed", top="2")[1]
    then = stack.request("GET", "/api/runs", state="completed", top="1", continuation=first["continuation"])[1]
    assert [run["id"] for run in [*first["runs"], *then["runs"]]] == runs[::-1]
    assert stack.request("GET", "/api/runs", report="no_such")[1] == {"runs": [], "continuation": None}
