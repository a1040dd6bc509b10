"""The queries of the workbook and the alerts: how they read, what they mean, which alerts fire on which rows."""

import json
import re
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.kusto.operators import run
from tests.kusto.tables import COLUMNS, COMMON, Row, event_row, request_row, tables_of
from tests.node_packages import MODULES, needed_node
from tests.unit.infra.infra_files import INFRA

PARSER = "@kusto/language-service-next@12.4.1"
CHECK = Path(__file__).parents[2] / "kusto" / "check.js"
QUERIES = {path.stem: path.read_text(encoding="utf-8") for path in sorted((INFRA / "queries").glob("*.kql"))}
WORKBOOK: dict[str, Any] = json.loads((INFRA / "workbook.json").read_text(encoding="utf-8"))
NOW = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
RUN = {"run": "r1", "report": "flight_delays", "attempt": 1}


def ago(**time: float) -> datetime:
    """Return the time so long before now."""
    return NOW - timedelta(**time)


def phase(when: datetime, begun: str, **more: Any) -> Row:
    """Return the row of a phase that begins."""
    return event_row(when, "run_phase", **{**RUN, "begun": begun, **more})


def stored(when: datetime, throttled: int, **more: Any) -> Row:
    """Return the row of a call that stored 100 documents."""
    return event_row(
        when, "documents_stored", **{**RUN, "documents": 100, "rejected": 0, "throttled": throttled, **more}
    )


def end(when: datetime, state: str) -> Row:
    """Return the row of a run's end."""
    return event_row(when, "run_ended", **RUN, state=state)


def step(when: datetime, event: str, name: str = "email") -> Row:
    """Return the row of a pending step, or of its end."""
    return event_row(when, event, **RUN, step=name)


def health(minutes: float, code: str) -> Row:
    """Return the row of a call of the health."""
    return request_row(ago(minutes=minutes), "show_health", resultCode=code)


def timer(name: str, minutes: float, success: str = "False") -> Row:
    """Return the row of a call of a timer function."""
    return request_row(ago(minutes=minutes), name, success=success, resultCode="0")


SWEEP = request_row(ago(minutes=3), "sweep_runs")
FIRES = {
    "run_failed": [[end(ago(minutes=1), "failed")]],
    "step_pending": [
        [step(ago(minutes=61), "step_pending")],
        [step(ago(hours=9), "step_pending"), step(ago(hours=8), "step_ended"), step(ago(hours=2), "step_pending")],
        [step(ago(hours=2), "step_pending", "undo"), step(ago(hours=1), "step_ended", "email")],
    ],
    "run_without_movement": [
        [phase(ago(minutes=31), "storing")],
        [phase(ago(hours=2), "storing"), stored(ago(minutes=45), 0)],
        [end(ago(hours=5), "failed"), phase(ago(hours=4), "reading")],
        [phase(ago(hours=2), "storing"), event_row(ago(minutes=2), "sweep_decided", **RUN, decision="terminate")],
    ],
    "verification_differs": [[event_row(ago(minutes=1), "verification", **RUN, result="differs", expected=5, found=4)]],
    "throttled_share": [[stored(ago(minutes=minute), 30) for minute in (1, 6, 11, 14)]],
    "health_red": [[health(2, "503"), health(7, "503")]],
    "sweep_not_seen": [[], [request_row(ago(minutes=11), "sweep_runs")], [health(1, "200")], [timer("sweep_runs", 3)]],
    "timer_fails": [
        [timer("take_incoming", minute) for minute in range(12)],
        [timer("take_incoming", 13, "True"), timer("take_incoming", 9), timer("take_incoming", 2)],
        [timer("remove_old_uploads", 130, "True"), timer("remove_old_uploads", 70), timer("remove_old_uploads", 10)],
        [timer("scheduled_sales", minute) for minute in range(12)],
    ],
}
SILENT = {
    "run_failed": [[], [end(ago(minutes=1), "completed")], [end(ago(minutes=1), "cancelled")]],
    "step_pending": [
        [],
        [step(ago(minutes=59), "step_pending")],
        [step(ago(hours=2), "step_pending"), step(ago(minutes=90), "step_ended")],
    ],
    "run_without_movement": [
        [],
        [phase(ago(minutes=29), "storing")],
        [phase(ago(hours=2), "storing"), stored(ago(minutes=5), 0)],
        [phase(ago(hours=2), "storing"), event_row(ago(minutes=5), "documents_deleted", **RUN, documents=9)],
        [phase(ago(hours=2), "storing"), end(ago(hours=1), "completed")],
        [event_row(ago(hours=2), "run_accepted", **RUN)],
        [phase(ago(hours=2), "accepted")],
        [phase(ago(hours=9), "planned")],
    ],
    "verification_differs": [[], [event_row(ago(minutes=1), "verification", **RUN, result="equal")]],
    "throttled_share": [
        [],
        [stored(ago(minutes=minute), 20) for minute in (1, 6, 11, 14)],
        [stored(ago(minutes=minute), 90 if minute < 6 else 0) for minute in (1, 6, 11, 14)],
        [stored(ago(minutes=1), 900)],
    ],
    "health_red": [
        [],
        [health(2, "503")],
        [health(2, "200"), health(4, "200")],
        [health(11, "503"), health(12, "503")],
    ],
    "sweep_not_seen": [[SWEEP]],
    "timer_fails": [
        [],
        [timer("take_incoming", 5), timer("take_incoming", 4)],
        [timer("take_incoming", minute, "True" if minute % 2 else "False") for minute in range(20)],
        [timer("remove_old_uploads", 70, "True"), timer("remove_old_uploads", 10)],
        [timer("show_health", minute) for minute in range(12)],
        [timer("scheduled_sales", 181), timer("scheduled_sales", 182), timer("scheduled_sales", 1, "True")],
    ],
}
Case = tuple[str, list[Row]]


def cases(of: dict[str, list[list[Row]]]) -> list[Case]:
    """Return each alert with each of its rows."""
    return [(name, rows) for name, listed in of.items() for rows in listed]


def found(name: str, rows: list[Row]) -> list[Row]:
    """Return what the query of an alert returns."""
    return run(QUERIES[f"alert_{name}"], tables_of(rows), NOW)


@pytest.mark.parametrize(("name", "rows"), cases(FIRES))
def test_an_alert_fires(name: str, rows: list[Row]) -> None:
    """The query of an alert returns a row for rows that must fire it."""
    assert found(name, rows)


@pytest.mark.parametrize(("name", "rows"), cases(SILENT))
def test_an_alert_is_silent(name: str, rows: list[Row]) -> None:
    """The query of an alert returns nothing for rows that must not fire it."""
    assert found(name, rows) == []


def test_a_run_that_ends_twice_counts_once() -> None:
    """A run that was redriven, or verified later, costs what its newest end says and took until its first end."""
    ends = [
        event_row(ago(days=3), "run_ended", **RUN, state="completed", seconds=9, documents=5, request_units=40.0),
        event_row(ago(hours=1), "run_ended", **RUN, state="completed", seconds=9999, documents=5, request_units=50.0),
    ]
    (cost,) = run(QUERIES["cost"], tables_of(ends), NOW)
    assert (cost["runs"], cost["documents"], cost["request_units"]) == (1, 5, 50.0)
    (duration,) = run(QUERIES["run_durations"], tables_of(ends), NOW)
    assert (duration["runs"], duration["p99"]) == (1, 9.0)


def test_the_timers_are_shown() -> None:
    """Each timer function has its calls, its failures and its last success; other functions have no row."""
    rows = [timer("sweep_runs", 2, "True"), timer("sweep_runs", 1), timer("scheduled_sales", 5), health(1, "200")]
    sales, sweep = run(QUERIES["timers"], tables_of(rows), NOW)
    assert (sales["name"], sales["calls"], sales["failures"], sales["succeeded"]) == ("scheduled_sales", 1, 1, None)
    assert (sweep["calls"], sweep["failures"], sweep["succeeded"]) == (2, 1, ago(minutes=2))


def test_warnings_are_shown_by_function() -> None:
    """A file that was refused is a warning of take_incoming; what the app tells as information is none."""
    category = {"Category": "Function.take_incoming.User"}
    refused = {**end(ago(minutes=1), "failed"), "severityLevel": 2, "message": "incoming/x/a.csv is refused: …"}
    rows = [{**refused, "customDimensions": category}, {**end(ago(minutes=1), "failed"), "customDimensions": category}]
    (shown,) = run(QUERIES["warnings"], tables_of(rows), NOW)
    assert (shown["category"], shown["lines"], shown["example"]) == (category["Category"], 1, refused["message"])


def test_each_alert_is_tried_and_deployed() -> None:
    """Each query of an alert has rows of both kinds here and a rule in alerts.bicep."""
    named = [name.removeprefix("alert_") for name in QUERIES if name.startswith("alert_")]
    bicep = (INFRA / "alerts.bicep").read_text(encoding="utf-8")
    assert sorted(FIRES) == sorted(SILENT) == named
    assert sorted(re.findall(r"queries/alert_(\w+)\.kql", bicep)) == named


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_begins_with_its_meaning(name: str) -> None:
    """A query's first line is a comment that says what it shows."""
    assert re.match(r"// [A-Z].{15,}\.\n", QUERIES[name])


def test_each_query_of_the_workbook_is_a_file() -> None:
    """The workbook's items of queries are the files that are no alert, each filled in by workbook.bicep."""
    items = [item["name"] for item in WORKBOOK["items"] if item["type"] == 3]
    bicep = (INFRA / "workbook.bicep").read_text(encoding="utf-8")
    assert sorted(items) == [name for name in QUERIES if not name.startswith("alert_")]
    assert re.findall(r"(\w+): \{ query: loadTextContent\('queries/(\w+)\.kql'\) \}", bicep) == [(n, n) for n in items]


def test_the_workbooks_ids_are_unique() -> None:
    """Items and parameters of the workbook have names and ids of their own, and each page has an item."""
    names = [item["name"] for item in WORKBOOK["items"]]
    ids = re.findall(r'"id": "([^"]+)"', json.dumps(WORKBOOK))
    assert len(set(names)) == len(names)
    assert len(set(ids)) == len(ids)
    (links,) = [item["content"]["links"] for item in WORKBOOK["items"] if item["type"] == 11]
    shown = {item["conditionalVisibility"]["value"] for item in WORKBOOK["items"] if "conditionalVisibility" in item}
    assert {link["subTarget"] for link in links} == shown


def checked(queries: dict[str, str]) -> dict[str, list[str]]:
    """Return the problems that Microsoft's parser finds in each query."""
    node = needed_node(PARSER)
    tables = {name: f"({COMMON}, {columns})" for name, columns in COLUMNS.items()}
    given = json.dumps({"tables": tables, "queries": queries})
    command = [node, str(CHECK), str(MODULES)]
    ended = subprocess.run(command, input=given, capture_output=True, text=True, check=True, timeout=120)
    problems: dict[str, list[str]] = json.loads(ended.stdout)
    return problems


def test_microsofts_parser_reads_each_query() -> None:
    """Kusto's own parser finds no mistake of syntax and no name that is no column, table or function."""
    assert {name: problems for name, problems in checked(QUERIES).items() if problems} == {}


def test_microsofts_parser_finds_a_mistake() -> None:
    """A query with a column that is not there, or an operator that is none, has problems."""
    wrong = {"column": "traces | where nothing == 1", "operator": "traces | sumarize count()"}
    assert all(problems for problems in checked(wrong).values())


def test_the_page_names_each_query_and_alert() -> None:
    """docs/monitoring.md has each query of the workbook on its page and each alert in its table, and no other."""
    page = (INFRA.parent / "docs" / "monitoring.md").read_text(encoding="utf-8")
    pages = page.partition("| page | shows | query |")[2].partition("\n\n")[0]
    listed = {name for line in pages.splitlines() for name in re.findall(r"`([a-z_]+)`", line.rpartition(" | ")[2])}
    assert listed == {item["name"] for item in WORKBOOK["items"] if item["type"] == 3}
    alerts = page.partition("| alert | fires when |")[2].partition("\n\n")[0].splitlines()[2:]
    assert {line.split("|")[1].strip().replace(" ", "_") for line in alerts} == set(FIRES)
