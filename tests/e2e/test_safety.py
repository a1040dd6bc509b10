"""What is started, ended and killed from outside, and what the sweep makes of it."""

import json
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.e2e.stack import BROKEN, Stack, first_rows, running

TIMEOUT = ("AzureFunctionsJobHost__functionTimeout", "00:00:05")
GRACE = ("SNAPSHOT_GRACE_SECONDS", "0")
SLOW = 400
"""RU/s: storing takes seconds."""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running(tmp_path_factory.mktemp("stack"), dict([TIMEOUT, GRACE, ("FIRST_RETRY_SECONDS", "0.05")])) as stack:
        stack.make_container_anew("flight-delays", "/carrier", SLOW)
        stack.make_container_anew("airport-departures", "/origin", SLOW)
        yield stack


def manage(stack: Stack, method: str, run: str, operation: str = "", reason: str = "") -> int:
    """One call of the durable management API."""
    url = f"{stack.parts.host.url}/runtime/webhooks/durabletask/instances/{run}{operation}"
    request = urllib.request.Request(f"{url}?code={stack.master_key}&reason={reason}", b"", method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return int(answer.status)


def sweep(stack: Stack) -> None:
    url = f"{stack.parts.host.url}/admin/functions/sweep_runs?code={stack.master_key}"
    headers = {"Content-Type": "application/json"}
    urllib.request.urlopen(urllib.request.Request(url, b"{}", headers, method="POST"), timeout=30).close()


def sweep_until(stack: Stack, run: str, state: str) -> dict[str, Any]:
    """Fire the sweep until the record says so."""

    def reached() -> bool:
        sweep(stack)
        return bool(stack.record(run)["state"] == state and not stack.record(run)["owed"])

    stack.wait_until(reached, f"{run} to be {state}")
    return stack.record(run)


def mails_about(stack: Stack, run: str) -> list[dict[str, Any]]:
    return [mail for mail in stack.mails() if run in mail["subject"]]


def post(stack: Stack, key: str, body: bytes) -> tuple[int, str]:
    url = f"{stack.parts.host.url}/api/reports/flight_delays?code={stack.parts.function_key}"
    request = urllib.request.Request(url, body, {"Idempotency-Key": key, "Content-Type": "text/csv"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.status, json.loads(answer.read())["id"]


def test_a_hundred_posts_at_once_with_one_key_are_one_run(stack: Stack) -> None:
    """All are answered 202 with the same id; a repeat after its end starts nothing."""
    body = first_rows(20)
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: post(stack, "one", body), range(100)))
    assert len(set(answers)) == 1
    status, run = answers[0]
    receipt = stack.wait(run)["output"]
    assert (status, receipt["rows_stored"], receipt["documents_replaced"]) == (202, 20, 0)
    assert post(stack, "one", body) == (202, run)
    assert stack.status(run)["output"] == receipt


def test_a_run_that_is_terminated_is_settled_by_the_sweep(stack: Stack) -> None:
    """Nothing is written after the fence, one mail says why, and the record is closed."""
    run = stack.start("flight_delays", first_rows(2_000))
    stack.wait_for_phase(run, "storing")
    assert manage(stack, "POST", run, "/terminate", "enough") == 202
    record = sweep_until(stack, run, "failed")
    assert record["failure"]["text"] == "its orchestration was terminated: enough"
    assert len(mails_about(stack, run)) == 1


def test_a_run_that_is_cancelled_ends_by_itself_and_sends_no_mail(stack: Stack) -> None:
    """Its own activities see the fence; nobody else has to end it."""
    run = stack.start("flight_delays", first_rows(2_000))
    stack.wait_for_phase(run, "storing")
    assert stack.request("POST", f"/api/runs/{run}/cancel", b"")[0] == 202
    assert stack.wait(run)["output"].endswith("the run was cancelled")
    assert stack.record(run)["state"] == "cancelled"
    assert stack.request("POST", f"/api/runs/{run}/cancel", b"")[0] == 200
    assert mails_about(stack, run) == []


def test_a_suspended_run_is_left_alone_and_completes_when_it_is_resumed(stack: Stack) -> None:
    """The sweep does not touch it."""
    run = stack.start("flight_delays", first_rows(300))
    assert manage(stack, "POST", run, "/suspend") == 202
    stack.wait_until(lambda: stack.status(run)["runtimeStatus"] == "Suspended", "it to be suspended")
    sweep(stack)
    assert manage(stack, "POST", run, "/resume") == 202
    assert stack.wait(run)["output"]["rows_stored"] == 300


def test_a_failed_run_sends_its_mail_when_the_mail_service_is_back(stack: Stack) -> None:
    """Refused at first, it stays owed; the sweep pays it."""
    stack.let_inbox_answer(401)
    run = stack.start("flight_delays", BROKEN.read_bytes())
    stack.wait(run)
    assert (stack.record(run)["state"], stack.record(run)["owed"]) == ("failed", ["mail"])


def runs_in(stack: Stack, container: str) -> set[str]:
    """Whose documents lie there."""
    with stack.container(container) as found:
        query = "SELECT DISTINCT VALUE c.snapshot_run FROM c WHERE IS_DEFINED(c.snapshot_run)"
        return {str(run) for run in found.query_items(query, enable_cross_partition_query=True)}


def test_a_snapshot_is_replaced_whole_and_a_cancelled_one_leaves_nothing(stack: Stack) -> None:
    """Readers see one run's documents; the one before is removed by the sweep, the cancelled one by itself."""
    first = stack.start("airport_departures", first_rows(300))
    stored = stack.wait(first)["output"]["documents_written"]
    assert {d["snapshot_run"] for d in stack.current("airport_departures")} == {first}
    cancelled = stack.start("airport_departures", first_rows(2_000))
    stack.wait_until(lambda: cancelled in runs_in(stack, "airport-departures"), "its first document")
    assert stack.request("POST", f"/api/runs/{cancelled}/cancel", b"")[0] == 202
    second = stack.start("airport_departures", first_rows(200))
    stack.wait(second)
    assert {d["snapshot_run"] for d in stack.current("airport_departures")} == {second}
    assert len(stack.current("airport_departures")) < stored
    stack.wait(cancelled)
    assert stack.record(cancelled)["state"] == "cancelled"
    sweep(stack)
    stack.wait_until(lambda: runs_in(stack, "airport-departures") == {second}, "the others to be gone")
