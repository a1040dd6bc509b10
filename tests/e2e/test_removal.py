"""Runs that have ended and are removed, one by a call and all by the timer. Every place is looked at."""

import shutil
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.request import Request, urlopen

from tests.e2e.stack import Stack, first_rows, running

ROWS = 60
TWO_CHUNKS = 5000
"""Rows of which a run has waves and lanes."""
REPORT, CONTAINER = "flight_delays", "flight-delays"
REAL, COPIES = 10, 90


def staged(stack: Stack) -> set[str]:
    """The runs of which anything lies in staging, folders too."""
    staging = stack.data / "staging"
    return {path.name for folder in ("runs", "starting") for path in (staging / folder).glob("*")}


def histories(stack: Stack, run: str) -> list[str]:
    return [one["instanceId"] for one in stack.instances(run)]


def fire_retention(stack: Stack) -> None:
    url = f"{stack.services.host.url}/admin/functions/remove_ended_runs?code={stack.master_key}"
    request = Request(url, b"{}", {"Content-Type": "application/json"}, method="POST")
    urlopen(request, timeout=30).close()


def copy_ended(stack: Stack, run: str) -> str:
    """Add an ended run without histories: the record and the files of another one under a new id."""
    copy = uuid.uuid4().hex
    shutil.copytree(stack.data / "staging/runs" / run, stack.data / "staging/runs" / copy)
    with stack.container("runs") as container:
        container.create_item({**container.read_item(run, run), "id": copy})
    return copy


def test_a_removed_run_is_nowhere(tmp_path: Path) -> None:
    """A removed run, which was verified in a second attempt, is in no place but the container that it has filled, and
    its key starts a new run."""
    with running(tmp_path) as stack:
        run, other = (stack.start(REPORT, first_rows(TWO_CHUNKS), key) for key in ("one", "two"))
        for each in (run, other):
            stack.wait(each)
        assert stack.request("POST", f"/api/runs/{run}/verify", level="counts")[0] == 202
        stack.wait_until(lambda: "verified" in stack.record(run)["receipt"] and not stack.record(run)["open"], run)
        stack.wait(run)
        kept, documents = histories(stack, other), stack.ids(CONTAINER)
        assert len(histories(stack, run)) > 4
        assert stack.request("DELETE", f"/api/runs/{run}") == (204, None)
        assert (staged(stack), histories(stack, run)) == ({other}, [])
        assert [one for one in stack.ids("runs") if not one.startswith("app:")] == [other]
        assert (histories(stack, other), stack.ids(CONTAINER)) == (kept, documents)
        for method in ("GET", "DELETE"):
            assert stack.request(method, f"/api/runs/{run}")[0] == 404
        assert stack.start(REPORT, first_rows(ROWS), "one") == run
        assert stack.wait(run)["runtimeStatus"] == "Completed"


def test_a_run_at_work_is_not_removed(tmp_path: Path) -> None:
    """A run that is storing gets 409 and completes."""
    with running(tmp_path) as stack:
        stack.database.add_fault(kind="bulk", status=503)
        run = stack.start(REPORT, first_rows(ROWS))
        stack.wait_for_phase(run, "storing")
        status, problem = stack.request("DELETE", f"/api/runs/{run}")
        assert (status, problem["field"]) == (409, "run")
        stack.database.remove_faults()
        assert stack.wait(run)["runtimeStatus"] == "Completed"


def test_of_a_hundred_ended_runs_and_an_open_one_the_open_one_is_left(tmp_path: Path) -> None:
    """With RETENTION_DAYS=0 the timer leaves in staging the files of the open run alone, which completes."""
    with running(tmp_path, {"RETENTION_DAYS": "0", "MAX_RUNS": "16"}) as stack:
        with ThreadPoolExecutor(4) as threads:
            ended = list(threads.map(lambda n: stack.start(REPORT, first_rows(n)), range(20, 20 + REAL)))
        for run in ended:
            stack.wait(run)
        copies = [copy_ended(stack, ended[0]) for _ in range(COPIES)]
        stack.database.add_fault(kind="bulk", status=503)
        open_run = stack.start(REPORT, first_rows(ROWS))
        stack.wait_for_phase(open_run, "storing")
        fire_retention(stack)
        stack.wait_until(lambda: staged(stack) == {open_run}, "the files of ended runs to be removed")
        stack.wait_until(lambda: all(stack.record(run).get("ttl") for run in [*ended, *copies]), "records to be marked")
        assert [history for run in ended for history in histories(stack, run)] == []
        assert stack.request("GET", f"/api/runs/{ended[0]}/rejects")[0] == 410
        stack.database.remove_faults()
        assert stack.wait(open_run)["runtimeStatus"] == "Completed"
