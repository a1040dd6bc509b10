"""Where inputs come from other than the body of a start."""

import io
import json
import os
import time
import urllib.parse
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from local.stack.settings import APP
from tests.e2e.stack import Stack, copy_app, first_rows, running


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The inputs location of the stack."""
    return tmp_path_factory.mktemp("inputs")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, inputs: Path) -> Iterator[Stack]:
    settings = {"INPUTS_URL": inputs.as_uri(), "FIRST_RETRY_SECONDS": "0.05"}
    app = copy_app(tmp_path_factory.mktemp("app"), APP / "tests/e2e/reports/daily_flights.py")
    with running(tmp_path_factory.mktemp("stack"), settings, app) as stack:
        yield stack


def test_an_upload_is_sent_and_started(stack: Stack, inputs: Path) -> None:
    """A file that is sent to the address that POST /api/inputs returns starts a run by its name, and is removed with
    the run."""
    status, opened = stack.request("POST", "/api/inputs", name="january.csv")
    assert status == 201
    path = urllib.parse.urlsplit(opened["url"]).path
    sent = stack.request(opened["method"], path, first_rows(300))
    assert sent == (201, {"input": opened["input"], "bytes": len(first_rows(300))})
    assert stack.request(opened["method"], path, first_rows(300))[0] == 409
    run = stack.start_with("flight_delays", opened["input"])
    assert stack.wait(run)["output"]["rows_stored"] == 300
    assert (inputs / opened["input"]).exists()
    assert stack.request("DELETE", f"/api/runs/{run}")[0] == 204
    assert not (inputs / opened["input"]).exists()


def test_parquet_is_copied_and_read(stack: Stack, inputs: Path) -> None:
    """A Parquet file makes the documents that the same rows make as CSV, without pyarrow in the worker, and a damaged
    one fails with what to do."""
    table = pyarrow.csv.read_csv(
        io.BytesIO(first_rows(300)), convert_options=pyarrow.csv.ConvertOptions(null_values=["NA"])
    )
    pq.write_table(table, inputs / "january.parquet")
    (inputs / "january.csv").write_bytes(first_rows(300))
    stored = [imported(stack, name) for name in ("january.parquet", "january.csv")]
    assert len(stored[0]) == 300
    assert stored[0] == stored[1]
    assert not any("arrow" in Path(f"/proc/{pid}/maps").read_text("utf-8") for pid in stack.workers())
    (inputs / "damaged.parquet").write_bytes((inputs / "january.parquet").read_bytes()[:-100])
    ended = stack.wait(stack.start_with("flight_delays", "damaged.parquet"))
    assert (ended["runtimeStatus"], "Write it again" in json.dumps(ended["output"])) == ("Failed", True)


def imported(stack: Stack, name: str) -> list[str]:
    """Import a file of flights, and return the documents that are there then."""
    stack.wait(stack.start_with("flight_delays", name))
    return documents_of(stack, "flight-delays")


def runs_of(stack: Stack, report: str) -> list[str]:
    """Return the runs of a report."""
    return [run["id"] for run in stack.request("GET", "/api/runs", report=report)[1]["runs"]]


def test_a_schedule_starts_its_report_once(stack: Stack, inputs: Path) -> None:
    """The timer function of a report with a schedule starts it with the file of the date, once however often it is
    called."""
    (inputs / "daily").mkdir()
    (inputs / "daily" / f"{datetime.now(UTC):%Y}.csv").write_bytes(first_rows(200))
    stack.fire("scheduled_daily_flights")
    stack.wait_until(lambda: bool(runs_of(stack, "daily_flights")), "the scheduled run to be recorded")
    [run] = runs_of(stack, "daily_flights")
    assert stack.wait(run)["output"]["rows_read"] == 200
    stack.fire("scheduled_daily_flights")
    stack.sweep()
    assert runs_of(stack, "daily_flights") == [run]


def arrive(path: Path, data: bytes) -> None:
    """Put a file that was complete two minutes ago."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    os.utime(path, (time.time() - 120, time.time() - 120))


def test_a_file_that_arrives_starts_its_report(stack: Stack, inputs: Path) -> None:
    """A file of incoming/{report}/ starts a run and is removed with it; one that cannot be taken is moved aside, with a
    text beside it and an email."""
    arrive(inputs / "incoming/flight_delays/january.csv", first_rows(250))
    arrive(inputs / "incoming/flight_delays/wrong.csv", b"nothing\nof this\n")
    stack.fire("take_incoming")
    stack.wait_until(lambda: not list(inputs.glob("incoming/*/*.csv")), "both files to be taken or refused")
    [accepted] = inputs.glob("accepted/flight_delays/*/january.csv")
    run = accepted.parent.name
    assert stack.wait(run)["output"]["rows_stored"] == 250
    [reason] = inputs.glob("refused/flight_delays/*/wrong.csv.reason.txt")
    [mail] = [mail for mail in stack.mails() if mail["subject"] == "Outlast: a file that arrived cannot be taken"]
    assert reason.read_text().strip() in mail["text"]
    assert stack.request("DELETE", f"/api/runs/{run}")[0] == 204
    assert not accepted.exists()


def documents_of(stack: Stack, container: str) -> list[str]:
    """Return every document of a container as the report gave it, as sorted JSON."""
    with stack.container(container) as proxy:
        found = [{n: v for n, v in one.items() if not n.startswith("_")} for one in proxy.read_all_items()]
    return sorted(json.dumps(one, sort_keys=True) for one in found)


def test_a_container_is_copied_under_another_key(stack: Stack) -> None:
    """While partitions split and the workers are killed, each document is copied once."""
    stack.wait(stack.start("flight_delays", first_rows(3000)))
    for range_id, after in (("0", 2), ("1", 4), ("2", 6)):
        stack.database.split("outlast", "flight-delays", range_id, after=after)
    query = {"query": {"container": "flight-delays"}}
    run = stack.start_with("repartition", query, read_ru_share=1500, max_parallel=2)
    stack.wait_until(lambda: bool(list(stack.data.glob(f"staging/runs/{run}/queried/0*.jsonl"))), "a window to be read")
    stack.kill_workers()
    stack.wait_until(lambda: stack.request("GET", "/api/health")[0] == 200, "another worker")
    record = stack.sweep_until(run, "completed")
    assert record["totals"]["rows"] >= 3000
    copied = documents_of(stack, "flight-delays-by-origin")
    assert copied == documents_of(stack, "flight-delays")
    assert len(copied) >= 3000
