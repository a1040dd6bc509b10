"""Runs that somebody ends from outside or suspends, in each of their phases; turns whose worker is killed."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.e2e.holding import DATABASE, FIRST_RETRY_SECONDS, ROWS, Held, publishing_held
from tests.e2e.stack import Stack, first_rows, running

SETTINGS = {"AzureFunctionsJobHost__functionTimeout": "00:00:05", "FIRST_RETRY_SECONDS": FIRST_RETRY_SECONDS}
SNAPSHOTS = "airport-departures"
PHASES = ("reading", "generating", "storing", "publishing")
DOCUMENTS = 20
"""Of a snapshot of these rows: departures that were late."""


def documents(stack: Stack, run: str) -> list[str]:
    """The ids of its generation's documents."""
    with stack.container(SNAPSHOTS) as found:
        query = "SELECT c.id FROM c WHERE c.snapshot_run = @run"
        parameters: list[dict[str, object]] = [{"name": "@run", "value": run}]
        items = found.query_items(query, parameters=parameters, enable_cross_partition_query=True)
        return [str(item["id"]) for item in items]


def terminate(stack: Stack, instance: str) -> None:
    assert stack.manage("POST", instance, "/terminate", reason="enough") == 202


def purge(stack: Stack, instance: str) -> None:
    """Only what has ended can be purged."""
    terminate(stack, instance)
    stack.wait(instance)
    assert stack.manage("DELETE", instance) == 200


def cancel(stack: Stack, run: str) -> None:
    assert stack.request("POST", f"/api/runs/{run}/cancel", b"")[0] == 202


Way = tuple[Callable[[Stack, str], None], str, str, int]
"""How a run is ended, the reason that is recorded, what becomes of it, and how many mails are sent."""
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
    """By way and phase, each run with what was staged for it when it was fenced. All are under way at once, for undoing
    waits until nothing can write any more."""
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
    """Fire the sweep until the run is fenced; what is staged for it then."""

    def fenced() -> bool:
        held.stack.sweep()
        return held.stack.record(held.run)["state"] in ("failing", "failed", "cancelled")

    held.stack.wait_until(fenced, f"{held.run} to be fenced")
    return held.staged()


def compensating(stack: Stack, key: str) -> Held:
    """A run that stored everything, may not be published, and whose undo waits."""
    held = Held(stack, "airport_departures", key, "storing")
    stack.wait_until(lambda: len(documents(stack, held.run)) == DOCUMENTS, "all to be stored")
    held.release()
    stack.wait_until(lambda: stack.record(held.run)["pending"] == ["undo", "email"], f"{held.run} to fail")
    return held


@pytest.fixture(scope="module")
def ended_while_compensating(stack: Stack, ended: Ended) -> dict[str, Held]:
    """By what was ended: the run, whose compensating lives on; its compensating; and both, purged."""
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
    """A run whose lanes are at work when it is fenced: the container is slow until then."""
    stack.database.set_throughput(DATABASE, SNAPSHOTS, 400)
    run = stack.start("airport_departures", first_rows(2_000))
    stack.wait_until(lambda: bool(documents(stack, run)), "its first document")
    cancel(stack, run)
    stack.database.set_throughput(DATABASE, SNAPSHOTS, 40_000)
    return run


@pytest.fixture(scope="module", autouse=True)
def _all_under_way(ended: Ended, ended_while_compensating: dict[str, Held], cancelled_while_writing: str) -> None:
    """Their undoing waits while the tests before theirs go on."""


def test_a_hundred_posts_at_once_with_a_hundred_keys_are_a_hundred_runs(stack: Stack) -> None:
    """Each is answered 202 with a run of its own, and every one of them completes."""
    with ThreadPoolExecutor(100) as pool:
        runs = set(pool.map(lambda n: stack.start("flight_delays", first_rows(1), f"key {n}"), range(100)))
    assert len(runs) == 100
    stack.wait_until(lambda: runs <= completed(stack), "all of them to complete")


def completed(stack: Stack) -> set[str]:
    """The newest of them."""
    return {run["id"] for run in stack.request("GET", "/api/runs", state="completed", top="200")[1]["runs"]}


@pytest.mark.parametrize("phase", PHASES[:3])
def test_a_suspended_run_is_left_alone_and_completes_when_it_is_resumed(stack: Stack, phase: str) -> None:
    """In each phase; the sweep does not touch it."""
    held = Held(stack, "flight_delays", f"suspended while {phase}", phase)
    stack.wait_for_phase(held.run, phase)
    suspend(stack, held.run)
    held.release()
    assert resumed(stack, held.run)["rows_stored"] == ROWS


def test_a_run_that_is_suspended_while_it_publishes_completes_too(stack: Stack) -> None:
    """And its snapshot is the current one."""
    with publishing_held(stack, SNAPSHOTS):
        held = Held(stack, "airport_departures", "suspended while publishing", "publishing")
        stack.wait_for_phase(held.run, "publishing")
        suspend(stack, held.run)
    assert resumed(stack, held.run)["documents_written"] == DOCUMENTS
    assert {document["snapshot_run"] for document in stack.current("airport_departures")} == {held.run}


def suspend(stack: Stack, run: str) -> None:
    """And have the sweep look at it."""
    assert stack.manage("POST", run, "/suspend") == 202
    stack.wait_until(lambda: stack.status(run)["runtimeStatus"] == "Suspended", "it to be suspended")
    before = stack.record(run)
    stack.sweep()
    assert (stack.record(run), stack.status(run)["runtimeStatus"]) == (before, "Suspended")


def resumed(stack: Stack, run: str) -> dict[str, int]:
    """Its receipt."""
    assert stack.manage("POST", run, "/resume") == 202
    receipt: dict[str, int] = stack.wait(run)["output"]
    assert (stack.record(run)["state"], stack.record(run)["attempt"]) == ("completed", 1)
    return receipt


@pytest.mark.parametrize("part", ["", ":1:store0", ":1:store0-0"], ids=["run", "wave", "lane"])
def test_a_turn_whose_worker_is_killed_costs_an_attempt(stack: Stack, part: str) -> None:
    """An orchestrator fails without its `except`. At the second sweep the run is finished, whole, without a mail."""
    held = Held(stack, "flight_delays", f"killed in {part or 'the run'}", "storing")
    kill_in_a_turn(held, part)
    held.release()
    assert stack.wait(held.run)["output"]["rows_stored"] == ROWS
    stack.sweep()
    record = stack.record(held.run)
    assert (record["state"], record["attempt"], record["pending"]) == ("completed", 2, [])
    assert stack.mails_about(held.run) == []


def kill_in_a_turn(held: Held, part: str) -> None:
    """Of the run, a wave or a lane, while the lane waits for its retry; returns when the next attempt has begun."""
    stack, instance = held.stack, held.run + part
    lane = f"{held.run}:1:store0-0"
    stack.wait_until(lambda: lane in [one["instanceId"] for one in stack.instances(held.run)], "its lane")
    stack.wait_until(lambda: "TaskFailed" in str(stack.status(lane)["historyEvents"]), "its step to fail")
    stack.kill_workers_in_a_turn(instance)
    stack.wait_until(lambda: stack.status(instance)["runtimeStatus"] == "Failed", "it to fail")
    stack.sweep()
    stack.wait_until(lambda: stack.record(held.run)["attempt"] == 2, "the next attempt")


def test_a_lane_of_an_older_attempt_stops_at_the_fence(stack: Stack) -> None:
    """It outlives its run's orchestration and goes on when it can, but writes nothing any more."""
    held = Held(stack, "flight_delays", "killed before its lane", "storing")
    kill_in_a_turn(held, "")
    held.release()
    outcome = stack.wait(f"{held.run}:1:store0-0")["output"]
    assert "in attempt 2; this call belongs to storing in attempt 1 and stops" in outcome["error"]["text"]
    stack.wait(held.run)


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("way", WAYS)
def test_a_run_that_is_ended_from_outside_is_compensated(stack: Stack, ended: Ended, way: str, phase: str) -> None:
    """By itself or by the sweep; nothing is written after the fence, nothing is left of what was before."""
    held, staged = ended[way, phase]
    _, reason, state, mails = WAYS[way]
    assert stack.sweep_until(held.run, state)["failure"]["text"] == reason
    assert len(stack.mails_about(held.run)) == mails
    assert held.staged() == staged
    assert documents(stack, held.run) == []


def test_a_run_that_is_cancelled_while_it_writes_leaves_nothing(stack: Stack, cancelled_while_writing: str) -> None:
    """Its lanes stop at the fence, and what they had written is deleted."""
    run = cancelled_while_writing
    assert stack.wait(run)["output"].endswith("the run was cancelled")
    assert (stack.record(run)["state"], stack.record(run)["pending"]) == ("cancelled", [])
    assert (documents(stack, run), stack.mails_about(run)) == ([], [])


@pytest.mark.parametrize("what", PARTS)
def test_a_run_that_is_ended_while_it_is_compensated_is_compensated_all_the_same(
    stack: Stack, ended_while_compensating: dict[str, Held], what: str
) -> None:
    """By what is left of it or by the sweep; it keeps its own reason."""
    held = ended_while_compensating[what]
    record = stack.sweep_until(held.run, "failed")
    assert "the database refuses airport-departures (403)" in record["failure"]["text"]
    assert len(stack.mails_about(held.run)) == 1
    assert documents(stack, held.run) == []
