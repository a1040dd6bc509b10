import re
from pathlib import Path

from tests.e2e.stack import JANUARY, Stack, first_rows, running

SLOW = 400
"""RU/s, the least that the service sells."""


def assert_whole_and_once(stack: Stack, run: str, rows: int) -> None:
    receipt = stack.wait(run)["output"]
    assert (receipt["rows_read"], receipt["rows_stored"]) == (rows, rows), receipt
    ids = stack.ids("flight-delays")
    assert (len(ids), len(set(ids))) == (rows, rows)
    assert stack.record(run)["receipt"] == receipt


def test_the_run_goes_on_after_the_host_is_killed(tmp_path: Path) -> None:
    """A run whose host is killed while it stores completes after a restart with every row once and one receipt."""
    with running(tmp_path) as stack:
        run = stack.start("flight_delays", JANUARY.read_bytes())
        stack.wait_for_phase(run, "storing")
        stack.kill_host_and_start_again()
        assert_whole_and_once(stack, run, 27_004)


def test_a_stop_in_the_middle_of_storing_writes_nothing_twice(tmp_path: Path) -> None:
    """A host that is stopped by SIGTERM lets its store calls end, so that the next start repeats none of them."""
    with running(tmp_path) as stack:
        run = stack.start("flight_delays", JANUARY.read_bytes())
        stack.wait_for_phase(run, "storing")
        assert stack.services.host.stop() == 0
        stack.services.host.start()
        assert_whole_and_once(stack, run, 27_004)
        assert stack.record(run)["receipt"]["documents_replaced"] == 0


def test_the_run_goes_on_after_a_worker_is_killed(tmp_path: Path) -> None:
    """A run whose worker is killed while only activities run retries them and stores every row once."""
    with running(tmp_path) as stack:
        stack.make_container_anew("flight-delays", "/carrier", SLOW)
        run = stack.start("flight_delays", first_rows(300))
        stack.wait_for_phase(run, "storing")
        stack.wait_until(lambda: bool(stack.ids("flight-delays")), "the first document")
        assert stack.kill_workers()
        assert_whole_and_once(stack, run, 300)
        failures = [event for lane in stack.instances(run) for event in history(stack, lane["instanceId"])]
        assert any("exited with code" in str(event) for event in failures), "no activity was hit"


def test_a_slow_database_costs_cursors_and_no_timeout(tmp_path: Path) -> None:
    """A run whose storing takes longer than functionTimeout at 400 RU/s completes without a timeout."""
    with running(tmp_path, {"AzureFunctionsJobHost__functionTimeout": "00:00:10"}) as stack:
        stack.make_container_anew("flight-delays", "/carrier", SLOW)
        run = stack.start("flight_delays", first_rows(1_500))
        assert_whole_and_once(stack, run, 1_500)
        lanes = [
            lane["instanceId"] for lane in stack.instances(run) if re.search(r":store\d+-\d+$", lane["instanceId"])
        ]
        events = [event for lane in lanes for event in history(stack, lane)]
        calls = [event for event in events if event.get("FunctionName") == "store_data_to_db"]
        assert {event["EventType"] for event in calls} == {"TaskCompleted"}, "an activity failed"
        assert len(calls) >= len(lanes) + 2, f"{len(calls)} calls in {len(lanes)} lanes are not several cursors"


def test_a_database_that_gives_no_answer_costs_attempts_and_no_timeout(tmp_path: Path) -> None:
    """A run whose database pauses for longer than functionTimeout gives up calls, retries them and loses no worker."""
    with running(tmp_path, {"AzureFunctionsJobHost__functionTimeout": "00:00:05"}) as stack:
        run = stack.start("flight_delays", JANUARY.read_bytes())
        stack.wait_for_phase(run, "storing")
        stack.wait_until(lambda: bool(stack.ids("flight-delays")), "the first document, which a lane has stored")
        workers = stack.workers()
        stack.database.pause()
        stack.wait_until(lambda: bool(given_up(stack, run)), "a call to be given up")
        stack.database.resume()
        assert_whole_and_once(stack, run, 27_004)
        assert stack.workers() == workers


def given_up(stack: Stack, run: str) -> list[dict[str, object]]:
    lanes = [lane["instanceId"] for lane in stack.instances(run) if ":store" in lane["instanceId"]]
    return [event for lane in lanes for event in history(stack, lane) if "was given up" in str(event.get("Reason"))]


def history(stack: Stack, instance: str) -> list[dict[str, object]]:
    events: list[dict[str, object]] = stack.status(instance)["historyEvents"]
    return events
