import csv
import io
from collections.abc import Iterator

import pytest

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


def test_january_is_written_whole_and_once(stack: Stack) -> None:
    """A run stores every row of a real month once, and its receipt has these counts."""
    run = stack.start("flight_delays", JANUARY.read_bytes())
    receipt = stack.wait(run)["output"]
    assert (receipt["rows_read"], receipt["rows_stored"], receipt["documents_written"]) == (27_004, 27_004, 27_004)
    ids = stack.ids("flight-delays")
    assert (len(ids), len(set(ids))) == (27_004, 27_004)
    assert stack.record(run)["state"] == "completed"


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
