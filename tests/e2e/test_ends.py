"""Runs that somebody ends from outside or suspends, in each of their phases; turns whose worker is killed."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from tests.e2e.holding import DATABASE, FIRST_RETRY_SECONDS, ROWS, WITH_LANES, Held, publishing_held
from tests.e2e.stack import Stack, first_rows, running

SETTINGS = {
    "AzureFunctionsJobHost__functionTimeout": "00:00:05",
    "FIRST_RETRY_SECONDS": FIRST_RETRY_SECONDS,
    "MAX_RUNS": "16",
}
DIGEST_SECONDS = 150
"""Beyond ten emails in a minute a run waits for the digest."""
SNAPSHOTS = "airport-departures"
PHASES = ("reading", "generating", "storing", "publishing")
DOCUMENTS = 20
"""Documents of a snapshot of these rows: the departures that were late."""


def documents(stack: Stack, run: str) -> list[str]:
    """Return the ids of the run's documents."""
    with stack.container(SNAPSHOTS) as found:
        query = "SELECT c.id FROM c WHERE c.snapshot_run = @run"
        parameters: list[dict[str, object]] = [{"name": "@run", "value": run}]
        items = found.query_items(query, parameters=parameters, enable_cross_partition_query=True)
        return [str(item["id"]) for item in items]


def terminate(stack: Stack, instance: str) -> None:
    assert stack.manage("POST", instance, "/terminate", reason="enough") == 202


def purge(stack: Stack, instance: str) -> None:
    """Terminate first, because only an instance that has ended can be purged."""
    terminate(stack, instance)
    stack.wait(instance)
    assert stack.manage("DELETE", instance) == 200


def cancel(stack: Stack, run: str) -> None:
    assert stack.request("POST", f"/api/runs/{run}/cancel", b"")[0] == 202


Way = tuple[Callable[[Stack, str], None], str, str, int]
"""How a run is ended, the reason that is recorded, the final state, and the number of emails."""
WAYS: dict[str, Way] = {
    "terminated": (terminate, "its orchestration was terminated: enough", "failed", 1),
    "purged": (purge, "its orchestration is gone: it was purged", "failed", 1),
    "cancelled": (cancel, "the run was cancelled", "cancelled", 0),
}
PARTS = ("run", "compensating", "both")
Ended = dict[tuple[str, str], tuple[Held, set[Path]]]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running(tmp_path_factory.mktemp("stack"), SETTINGS) as stack:
        yield stack


@pytest.fixture(scope="module")
def ended(stack: Stack) -> Ended:
    """Each ended run, by way and phase, with the files that were staged when it was fenced. All runs are under way at
    once, because the undo waits until nothing can write any more."""
    with publishing_held(stack, SNAPSHOTS):
        runs = {
            (way, phase): Held(stack, "airport_departures", f"{way} while {phase}", phase)
            for way in WAYS
            for phase in PHASES
        }
        for (way, phase), held in runs.items():
            stack.wait_for_phase(held.run, phase)
            if phase in PHASES[2:]:
                stack.wait_until(lambda h=held: len(documents(stack, h.run)) == DOCUMENTS, "all to be stored")  # type: ignore[misc]
            WAYS[way][0](stack, held.run)
        fenced = {found: (held, fence(held)) for found, held in runs.items()}
    for held in runs.values():
        held.release()
    return fenced


def fence(held: Held) -> set[Path]:
    """Fire the sweep until the run is fenced; return the files that are staged then."""

    def fenced() -> bool:
        held.stack.sweep()
        return held.stack.record(held.run)["state"] in ("failing", "failed", "cancelled")

    held.stack.wait_until(fenced, f"{held.run} to be fenced")
    return held.staged()


def compensating(stack: Stack, key: str) -> Held:
    """A run that has stored everything, cannot be published, and waits in its undo."""
    held = Held(stack, "airport_departures", key, "storing")
    stack.wait_until(lambda: len(documents(stack, held.run)) == DOCUMENTS, "all to be stored")
    held.release()
    stack.wait_until(lambda: stack.record(held.run)["pending"] == ["undo", "email"], f"{held.run} to fail")
    instance = f"{held.run}:1:compensate"  # it is started after the record has its failure
    stack.wait_until(lambda: stack.manage("GET", instance) in (200, 202), f"{instance} to start")
    return held


@pytest.fixture(scope="module")
def ended_while_compensating(stack: Stack, ended: Ended) -> dict[str, Held]:
    """Runs by what was ended: the run's orchestration alone, its compensation alone, or both, which are purged."""
    with publishing_held(stack, SNAPSHOTS, status=403), ThreadPoolExecutor(3) as pool:
        begun = {what: pool.submit(compensating, stack, f"{what} ended while compensating") for what in PARTS}
    runs = {what: future.result() for what, future in begun.items()}
    terminate(stack, runs["run"].run)
    terminate(stack, f"{runs['compensating'].run}:1:compensate")
    for instance in (runs["both"].run, f"{runs['both'].run}:1:compensate"):
        purge(stack, instance)
    return runs


@pytest.fixture(scope="module")
def cancelled_while_writing(stack: Stack) -> str:
    """A run whose lanes are writing when it is fenced: the container is slow until then."""
    stack.database.set_throughput(DATABASE, SNAPSHOTS, 400)
    run = stack.start("airport_departures", first_rows(2_000))
    stack.wait_until(lambda: bool(documents(stack, run)), "its first document")
    cancel(stack, run)
    stack.database.set_throughput(DATABASE, SNAPSHOTS, 40_000)
    return run


@pytest.fixture(scope="module", autouse=True)
def _all_under_way(ended: Ended, ended_while_compensating: dict[str, Held], cancelled_while_writing: str) -> None:
    """Starts all runs before the first test, so that they are undone while the other tests run."""


def test_a_hundred_posts_at_once_with_a_hundred_keys_are_a_hundred_runs(stack: Stack) -> None:
    """Each of a hundred posts with keys of their own starts a run of its own that completes."""
    with ThreadPoolExecutor(100) as pool:
        runs = set(pool.map(lambda n: stack.start("flight_delays", first_rows(1), f"key {n}"), range(100)))
    assert len(runs) == 100
    for most_left in range(90, -1, -10):
        stack.wait_until(partial(only_left, stack, runs, most_left), f"all but {most_left} of them to complete")


def only_left(stack: Stack, runs: set[str], most: int) -> bool:
    return len(runs - completed(stack)) <= most


def completed(stack: Stack) -> set[str]:
    """Return the newest completed runs; none where the worker was killed under the request, as the host does to one
    whose sweep takes longer than `functionTimeout` on a busy machine."""
    status, listed = stack.request("GET", "/api/runs", state="completed", top="200")
    return {run["id"] for run in listed["runs"]} if status == 200 else set()


@pytest.mark.parametrize("phase", PHASES[:3])
def test_a_suspended_run_is_left_alone_and_completes_when_it_is_resumed(stack: Stack, phase: str) -> None:
    """The sweep does not change a suspended run, and the run completes when it is resumed."""
    held = Held(stack, "flight_delays", f"suspended while {phase}", phase)
    suspend(stack, held.run, phase)
    held.release()
    assert resumed(stack, held.run)["rows_stored"] == ROWS


def test_a_run_that_is_suspended_while_it_publishes_completes_too(stack: Stack) -> None:
    """A run that is suspended while it publishes completes when it is resumed, and its snapshot is current."""
    with publishing_held(stack, SNAPSHOTS):
        held = Held(stack, "airport_departures", "suspended while publishing", "publishing")
        suspend(stack, held.run, "publishing")
    assert resumed(stack, held.run)["documents_written"] == DOCUMENTS
    assert {document["snapshot_run"] for document in stack.current("airport_departures")} == {held.run}


def suspend(stack: Stack, run: str, phase: str) -> None:
    """Suspend the run in a phase, and check that the sweep does not change it.

    The status shows a phase before the record has it, and what is in flight is not suspended.
    """
    stack.wait_until(lambda: stack.record(run)["state"] == phase, f"the record to be {phase}")
    assert stack.manage("POST", run, "/suspend") == 202
    stack.wait_until(lambda: stack.status(run)["runtimeStatus"] == "Suspended", "it to be suspended")
    before = stack.record(run)
    stack.sweep()
    assert (stack.record(run), stack.status(run)["runtimeStatus"]) == (before, "Suspended")


def resumed(stack: Stack, run: str) -> dict[str, int]:
    """Resume the run; return its receipt."""
    assert stack.manage("POST", run, "/resume") == 202
    receipt: dict[str, int] = stack.wait(run)["output"]
    assert (stack.record(run)["state"], stack.record(run)["attempt"]) == ("completed", 1)
    return receipt


@pytest.mark.parametrize("part", ["", ":1:store0", ":1:store0-0"], ids=["run", "wave", "lane"])
def test_a_turn_whose_worker_is_killed_costs_an_attempt(stack: Stack, part: str) -> None:
    """A run whose run, wave or lane orchestrator loses its worker completes in its second attempt without an email."""
    held = Held(stack, "flight_delays", f"killed in {part or 'the run'}", "storing", WITH_LANES)
    kill_in_a_turn(held, part)
    held.release()
    assert stack.wait(held.run)["output"]["rows_stored"] == WITH_LANES
    stack.sweep()
    record = stack.record(held.run)
    assert (record["state"], record["attempt"], record["pending"]) == ("completed", 2, [])
    assert stack.mails_about(held.run) == []


def kill_in_a_turn(held: Held, part: str) -> None:
    """Kill the worker in a turn of the run, a wave or a lane, while the lane waits for its retry. Return when the next
    attempt has begun."""
    stack, instance = held.stack, held.run + part
    lane = f"{held.run}:1:store0-0"
    stack.wait_until(lambda: lane in [one["instanceId"] for one in stack.instances(held.run)], "its lane")
    stack.wait_until(lambda: "TaskFailed" in str(stack.status(lane)["historyEvents"]), "its step to fail")
    stack.kill_workers_in_a_turn(instance)
    stack.wait_until(lambda: stack.status(instance)["runtimeStatus"] == "Failed", "it to fail")
    stack.sweep()
    stack.wait_until(lambda: stack.record(held.run)["attempt"] == 2, "the next attempt")


def test_a_lane_of_an_older_attempt_stops_at_the_fence(stack: Stack) -> None:
    """A lane that outlives its run's orchestration stops at the fence of the next attempt."""
    held = Held(stack, "flight_delays", "killed before its lane", "storing", WITH_LANES)
    kill_in_a_turn(held, "")
    outcome = stack.wait(f"{held.run}:1:store0-0")["output"]  # a call that is under way still meets the obstacle
    held.release()
    assert "in attempt 2; this call belongs to storing in attempt 1 and stops" in outcome["error"]["text"]
    stack.wait(held.run)


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("way", WAYS)
def test_a_run_that_is_ended_from_outside_is_compensated(stack: Stack, ended: Ended, way: str, phase: str) -> None:
    """A run that is terminated, purged or cancelled is compensated: no file is staged after the fence, and its
    documents are deleted."""
    held, staged = ended[way, phase]
    _, reason, state, mails = WAYS[way]
    assert stack.sweep_until(held.run, state)["failure"]["text"] == reason
    assert len(stack.mails_about(held.run)) == mails
    assert held.staged() == staged
    assert documents(stack, held.run) == []


def test_a_run_that_is_cancelled_while_it_writes_leaves_nothing(stack: Stack, cancelled_while_writing: str) -> None:
    """The lanes of a cancelled run stop at the fence, and the documents that they wrote are deleted."""
    run = cancelled_while_writing
    assert stack.wait(run)["output"].endswith("the run was cancelled")
    assert (stack.record(run)["state"], stack.record(run)["pending"]) == ("cancelled", [])
    assert (documents(stack, run), stack.mails_about(run)) == ([], [])


@pytest.mark.parametrize("what", PARTS)
def test_a_run_that_is_ended_while_it_is_compensated_is_compensated_all_the_same(
    stack: Stack, ended_while_compensating: dict[str, Held], what: str
) -> None:
    """A run that is ended during its compensation is undone, sends one email and keeps its own reason."""
    held = ended_while_compensating[what]
    record = stack.sweep_until(held.run, "failed", seconds=DIGEST_SECONDS)
    assert "the database refuses airport-departures (403)" in record["failure"]["text"]
    assert len(stack.mails_about(held.run)) == 1
    assert documents(stack, held.run) == []
