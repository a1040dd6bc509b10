"""What a run leaves in Application Insights, by the embedded host's rows: the app's events, the spans, nothing else."""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local.json_calls import get
from tests.e2e.stack import BROKEN, JANUARY, Stack, copy_app, running
from tests.kusto.operators import run
from tests.kusto.tables import tables_of

POISON = Path(__file__).parent / "reports" / "poison.py"
HOST_JSON = json.loads((Path(__file__).parents[2] / "host.json").read_text(encoding="utf-8"))
QUERIES = Path(__file__).parents[2] / "infra" / "queries"
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Observed:
    """Three runs that have ended, with their durable status, and the rows that the host wrote meanwhile."""

    january: str
    broken: str
    logging: str
    receipt: Row
    functions: list[str]
    rows: list[Row]

    def of_run(self, run: str) -> list[Row]:
        """Return the rows of the operation that is this run."""
        begins = ("run_accepted", run)
        (trace,) = {row["operation_Id"] for row in self.rows if _named(row) == begins}
        return [row for row in self.rows if row["operation_Id"] == trace]

    def events(self, run: str) -> list[Row]:
        """Return the run's events in their order."""
        return [event for event in map(_event, self.of_run(run)) if event]


def _named(row: Row) -> tuple[Any, Any]:
    event = _event(row)
    return event.get("event"), event.get("run")


def _event(row: Row) -> Row:
    message = row.get("message", "")
    event: Row = json.loads(message) if message.startswith('{"event"') else {}
    return event


@pytest.fixture(scope="module")
def observed(tmp_path_factory: pytest.TempPathFactory) -> Observed:
    folder = tmp_path_factory.mktemp("observed")
    app, file = copy_app(folder / "app", POISON), folder / "telemetry.jsonl"
    # A sweep that comes between a start and its admission admits the run, and the event is one of the sweep's then.
    settings = {"FIRST_RETRY_SECONDS": "0.05", "AzureWebJobs.sweep_runs.Disabled": "true"}
    with running(folder / "data", settings, app, ("--telemetry", str(file))) as stack:
        january = stack.start("flight_delays", JANUARY.read_bytes())
        receipt = stack.wait(january)["output"]
        broken = _ended(stack, "flight_delays", BROKEN.read_bytes())
        logging = _ended(stack, "poison", b"id,shelf,does\n1,top,log\n")
        functions = get(f"{stack.services.host.url}/admin/functions?code={stack.master_key}")
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    return Observed(january, broken, logging, receipt, [one["name"] for one in functions], rows)


def _ended(stack: Stack, report: str, body: bytes) -> str:
    run = stack.start(report, body)
    stack.wait(run)
    return run


def test_each_function_may_log(observed: Observed) -> None:
    """host.json shows the records of each function that the app registers, from Information on, and of no other but
    those that reports with a schedule add."""
    levels = dict(HOST_JSON["logging"]["logLevel"])
    assert levels.pop("Function.scheduled_*.User") == "Information"
    shown = {f"Function.{name}.User": "Information" for name in observed.functions}
    assert {name: level for name, level in levels.items() if name.startswith("Function.")} == shown
    assert levels["Function"] == levels["default"] == levels["Host.Triggers.DurableTask"] == "Warning"


def test_a_run_of_n_chunks_has_at_most_ten_events_and_two_a_chunk(observed: Observed) -> None:
    """January's 10 chunks make 8 events of the run, and 2 of each chunk."""
    found = Counter(event["event"] for event in observed.events(observed.january))
    chunks = observed.receipt["chunks"]
    assert found == {
        "run_accepted": 1,
        "run_phase": 6,
        "rows_generated": chunks,
        "documents_stored": chunks,
        "run_ended": 1,
    }
    assert found.total() <= 10 + 2 * chunks


def test_the_log_of_a_run_holds_its_events_alone(observed: Observed) -> None:
    """The traces of a run are the app's events: no line of the host about calls, no line of a library."""
    traces = [row for row in observed.of_run(observed.january) if row["itemType"] == "trace"]
    assert [row["message"] for row in traces if not row["message"].startswith('{"event"')] == []


def test_the_items_of_a_run_are_counted_on_the_page(observed: Observed) -> None:
    """docs/telemetry.md says how many items of each kind January's run makes."""
    counted = Counter(row["itemType"] for row in observed.of_run(observed.january))
    page = (Path(__file__).parents[2] / "docs" / "telemetry.md").read_text(encoding="utf-8")
    rows = [line.split("|") for line in page.partition("## How many items")[2].splitlines() if line.startswith("| `")]
    told = {row[1].strip(" `"): int(row[3]) for row in rows}
    assert told == {"traces": counted["trace"], "requests": counted["request"], "dependencies": counted["dependency"]}


def test_the_events_add_up_to_the_receipt(observed: Observed) -> None:
    """Rows, documents, request units and throttled operations of the events are those of the receipt."""
    events, receipt = observed.events(observed.january), observed.receipt
    generated = [event for event in events if event["event"] == "rows_generated"]
    stored = [event for event in events if event["event"] == "documents_stored"]
    assert sum(event["rows"] for event in generated) == receipt["rows_read"]
    assert sum(event["documents"] for event in stored) == receipt["documents_written"]
    assert sum(event["request_units"] for event in stored) == pytest.approx(receipt["request_units"])
    assert sum(event["throttled"] for event in stored) == receipt["throttled"]
    (end,) = [event for event in events if event["event"] == "run_ended"]
    assert (end["state"], end["documents"], end["sends"]) == ("completed", 27_004, receipt["sends"])


def test_a_failed_run_says_which_step_and_that_its_email_was_sent(observed: Observed) -> None:
    """A failed run's events name the step, the pending email and its sending, and count its rejects by code."""
    events = observed.events(observed.broken)
    assert [event["event"] for event in events][-3:] == ["step_pending", "step_ended", "run_ended"]
    assert (events[-2]["step"], events[-2]["how"]) == ("email", "done")
    assert (events[-1]["state"], events[-1]["step"]) == ("failed", "generate_report")
    (generated,) = [event for event in events if event["event"] == "rows_generated"]
    assert sum(generated["codes"].values()) == generated["rejected"] == 3


def test_events_hold_no_value_of_a_row_and_no_address(observed: Observed) -> None:
    """No event of the broken file holds one of its values, and no event holds an address."""
    text = json.dumps([observed.events(run) for run in (observed.january, observed.broken)])
    fields = [field for line in BROKEN.read_text(encoding="utf-8").splitlines()[1:] for field in line.split(",")]
    telling = {field for field in fields if len(field) > 4}
    assert telling
    assert [field for field in telling if field in text] == []
    assert "@" not in text


def test_what_a_report_logs_arrives_with_its_run(observed: Observed) -> None:
    """A line that a report's code logs in its child process is a row of traces of the run and of generate_report."""
    (row,) = [row for row in observed.of_run(observed.logging) if row.get("message") == "a dose for top"]
    assert row["customDimensions"]["Category"] == "Function.generate_report.User"
    assert row["severityLevel"] == 2


def answered(name: str, observed: Observed) -> list[Row]:
    """Return what a query of the workbook returns for the rows that the host has written."""
    tables = tables_of(observed.rows)
    newest = max(row["timestamp"] for rows in tables.values() for row in rows)
    text = (QUERIES / f"{name}.kql").read_text(encoding="utf-8")
    return run(text.replace("{Run}", observed.january), tables, newest)


def total(rows: list[Row], summed: str, /, **where: str) -> float:
    """Return the sum of a column over the rows of which this is true."""
    return float(sum(row[summed] for row in rows if all(row[column] == value for column, value in where.items())))


@pytest.mark.parametrize("name", sorted(path.stem for path in QUERIES.glob("*.kql")))
def test_each_query_runs_over_the_rows_of_the_host(name: str, observed: Observed) -> None:
    """Each query runs over what the host has written, and those of the workbook show something."""
    nothing_happened = {"pending_steps", "sweep_decisions", "timers"}
    rows = answered(name, observed)
    assert rows or name.startswith("alert_") or name in nothing_happened


def test_what_the_app_warns_of_is_shown(observed: Observed) -> None:
    """The warning that a report's code has logged is shown with its function."""
    shown = {row["category"]: row["example"] for row in answered("warnings", observed)}
    assert shown["Function.generate_report.User"] == "a dose for top"


def test_queries_give_the_numbers_of_the_receipt(observed: Observed) -> None:
    """Throughput, throttling and cost add up to the receipt of January and the two small runs."""
    receipt = observed.receipt
    speed = answered("throughput", observed)
    assert total(speed, "rows") == receipt["rows_read"] + 12 + 1
    assert total(speed, "documents") == receipt["documents_written"] + 1
    share = answered("throttled_share", observed)
    assert total(share, "throttled", report="flight_delays") == receipt["throttled"]
    (cost,) = [row for row in answered("cost", observed) if row["report"] == "flight_delays"]
    assert (cost["runs"], cost["documents"]) == (2, receipt["documents_written"])
    assert cost["request_units"] == pytest.approx(receipt["request_units"])


def test_queries_show_the_runs(observed: Observed) -> None:
    """States, durations, failures and rejects are those of the three runs."""
    states = {(row["report"], row["state"]): row["runs"] for row in answered("runs_by_state", observed)}
    assert states == {("flight_delays", "completed"): 1, ("flight_delays", "failed"): 1, ("poison", "completed"): 1}
    (failure,) = answered("failures", observed)
    assert (failure["step"], failure["example"]) == ("generate_report", observed.broken)
    assert total(answered("rejects_by_code", observed), "rejects") == 3
    (took,) = [row for row in answered("run_durations", observed) if row["p50"] >= observed.receipt["seconds"]]
    assert took["state"] == "completed"
    assert [row["begun"] for row in answered("run_timeline", observed)][1:-1] == [
        "accepted",
        "reading",
        "generating",
        "resolving",
        "storing",
        "publishing",
    ]


def test_queries_show_where_time_goes(observed: Observed) -> None:
    """The phases add up to the time of the runs, and each activity has its calls with what they waited."""
    phases, ends = answered("phases", observed), answered("run_durations", observed)
    assert total(phases, "seconds") == pytest.approx(total(ends, "p50"), abs=1)
    waits = answered("activity_queue_wait", observed)
    assert total(waits, "calls", name="activity:store_data_to_db") == observed.receipt["chunks"] + 1
    assert all(row["longest"] >= 0 for row in waits)
    near = answered("near_timeout", observed)
    assert total(near, "calls", name="activity:store_data_to_db") == observed.receipt["chunks"] + 1
    assert total(near, "near") == 0


def test_the_alerts_are_those_of_the_runs(observed: Observed) -> None:
    """After the three runs only the failed run is an alert, and the sweep, which does not come here, is missed."""
    fired = {path.stem for path in QUERIES.glob("alert_*.kql") if answered(path.stem, observed)}
    assert fired <= {"alert_run_failed", "alert_sweep_not_seen", "alert_health_red"}
    assert "alert_run_failed" in fired
