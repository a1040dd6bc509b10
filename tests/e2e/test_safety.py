"""Repeated starts, cancelled runs, late emails and replaced snapshots."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.e2e.stack import BROKEN, Stack, first_rows, running

TIMEOUT = ("AzureFunctionsJobHost__functionTimeout", "00:00:05")
GRACE = ("SNAPSHOT_GRACE_SECONDS", "0")
SLOW = 400
"""RU/s, so few that storing takes seconds."""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running(tmp_path_factory.mktemp("stack"), dict([TIMEOUT, GRACE, ("FIRST_RETRY_SECONDS", "0.05")])) as stack:
        stack.make_container_anew("flight-delays", "/carrier", SLOW)
        stack.make_container_anew("airport-departures", "/origin", SLOW)
        yield stack


def test_a_hundred_posts_at_once_with_one_key_are_one_run(stack: Stack) -> None:
    """A hundred posts with one key start one run, and a repeat after its end starts nothing."""
    with ThreadPoolExecutor(100) as pool:
        runs = list(pool.map(lambda _: stack.start("flight_delays", first_rows(20), "one"), range(100)))
    assert len(set(runs)) == 1
    run = runs[0]
    receipt = stack.wait(run)["output"]
    assert (receipt["rows_stored"], receipt["documents_replaced"]) == (20, 0)
    assert stack.start("flight_delays", first_rows(20), "one") == run
    assert stack.status(run)["output"] == receipt


def test_a_run_that_is_cancelled_ends_by_itself_and_sends_no_mail(stack: Stack) -> None:
    """A cancelled run stops at its fence, ends as cancelled and sends no email."""
    run = stack.start("flight_delays", first_rows(2_000))
    stack.wait_for_phase(run, "storing")
    assert stack.request("POST", f"/api/runs/{run}/cancel", b"")[0] == 202
    assert stack.wait(run)["output"].endswith("the run was cancelled")
    assert stack.record(run)["state"] == "cancelled"
    assert stack.request("POST", f"/api/runs/{run}/cancel", b"")[0] == 200
    assert stack.mails_about(run) == []


@pytest.mark.parametrize("run", ["%2e%2e", "%2e", ".%2e", "..%2f..", "no:run", "r" * 200])
@pytest.mark.parametrize(("method", "behind"), [("GET", ""), ("GET", "/rejects"), ("POST", "/cancel")])
def test_what_is_no_run_id_is_not_found(stack: Stack, run: str, method: str, behind: str) -> None:
    """Dots and other texts that no run has as its id are a 404, whatever is asked of them."""
    assert stack.request(method, f"/api/runs/{run}{behind}", b"" if method == "POST" else None)[0] == 404


@pytest.mark.parametrize(
    "name", ["ru_share", "tolerated_rejects", "tolerated_reject_percent", "min_rows", "max_parallel"]
)
@pytest.mark.parametrize("value", ["inf", "1e400", "9" * 400, "99999999999999999999999"])
def test_a_number_that_cannot_be_used_is_refused_by_its_name(stack: Stack, name: str, value: str) -> None:
    """No number of a start ends in an error of ours."""
    status, answer = stack.request("POST", "/api/reports/flight_delays", first_rows(2), **{name: value})
    assert (status, answer["field"]) == (400, name)


def test_a_failed_run_sends_its_mail_when_the_mail_service_is_back(stack: Stack) -> None:
    """The email of a run stays pending when the mail service refuses it."""
    stack.let_inbox_answer(401)
    run = stack.start("flight_delays", BROKEN.read_bytes())
    stack.wait(run)
    assert (stack.record(run)["state"], stack.record(run)["pending"]) == ("failed", ["email"])


def runs_in(stack: Stack, container: str) -> set[str]:
    """Return the runs whose documents are in the container."""
    with stack.container(container) as found:
        query = "SELECT DISTINCT VALUE c.snapshot_run FROM c WHERE IS_DEFINED(c.snapshot_run)"
        return {str(run) for run in found.query_items(query, enable_cross_partition_query=True)}


def test_a_snapshot_is_replaced_whole(stack: Stack) -> None:
    """Readers see the documents of one run, and the sweep removes those of the run before when their grace time is
    over."""
    first = stack.start("airport_departures", first_rows(300))
    stored = stack.wait(first)["output"]["documents_written"]
    assert {d["snapshot_run"] for d in stack.current("airport_departures")} == {first}
    second = stack.start("airport_departures", first_rows(200))
    stack.wait(second)
    assert {d["snapshot_run"] for d in stack.current("airport_departures")} == {second}
    assert len(stack.current("airport_departures")) < stored
    stack.sweep()
    stack.wait_until(lambda: runs_in(stack, "airport-departures") == {second}, "the other to be gone")
