"""Whole runs of the orchestrators with the real activities over fakes, driven in one process."""

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activities import read_input_file
from outlast.errors import Permanent, Transient
from outlast.models import MOST_ATTEMPTS, Json
from outlast.runs.record import AT_WORK
from tests.fakes.driver import DIED, Instance
from tests.fakes.reports import HEADER, make_csv
from tests.fakes.transport import Fault, lose, throttle
from tests.fakes.world import World


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes chunks of a few rows."""
    monkeypatch.setattr(read_input_file, "SMALLEST", 150)


def run(world: World, body: bytes, **fields: Any) -> Instance:
    return asyncio.run(world.run(body, **fields))


def ids(world: World) -> set[str]:
    return {key for _, key in world.transport.documents("sales")}


def reason(world: World) -> str:
    """Return the reason in the one email."""
    (email,) = world.mailer.emails
    (line,) = (line for line in email.text.splitlines() if line.startswith("Reason:"))
    return line.partition(":")[2].strip()


def assert_failed(world: World, instance: Instance, step: str, text: str) -> None:
    """The run failed, with the same text in output, record and email."""
    record = world.runs.records["r1"]
    assert instance.status == "Failed"
    assert instance.output.endswith(text)
    assert record.result.failure is not None
    assert (record.status.state, record.result.failure["step"], record.result.failure["text"]) == ("failed", step, text)
    assert reason(world) == text
    assert record.status.pending == []


def test_every_row_is_in_the_database_once() -> None:
    """A run stores every row once, and its receipt has these counts."""
    world = World()
    instance = run(world, make_csv(200))
    assert instance.status == "Completed"
    assert ids(world) == {f"s{n:04}.0" for n in range(200)}
    receipt = instance.output
    assert (receipt["rows_read"], receipt["rows_stored"], receipt["documents_written"]) == (200, 200, 200)
    assert receipt["documents_replaced"] == 0
    assert receipt["chunks"] > 10
    record = world.runs.records["r1"]
    assert (record.status.state, record.result.receipt, record.status.pending) == ("completed", receipt, [])
    assert world.mailer.asked == 0


def test_each_chunk_is_called_once_where_nothing_goes_wrong() -> None:
    """A run without faults calls the activities of both phases once for each chunk."""
    world = World()
    chunks = run(world, make_csv(200)).output["chunks"]
    for name in ("generate_report", "store_data_to_db"):
        assert sorted(given["chunk"] for called, given in world.driver.calls if called == name) == list(range(chunks))


def test_an_input_without_rows_is_a_run_of_no_rows() -> None:
    """A run of a header alone completes."""
    world = World()
    receipt = run(world, HEADER).output
    assert (receipt["rows_read"], receipt["chunks"]) == (0, 0)
    assert world.runs.records["r1"].status.state == "completed"


def test_tolerated_rejects_do_not_cost_the_good_rows() -> None:
    """A run leaves tolerated rejects out, counts them, and stores the good rows."""
    world = World()
    receipt = run(world, make_csv(100, bad=[3, 50]), tolerated_rejects=2).output
    assert (receipt["rows_read"], receipt["rows_stored"], receipt["rows_rejected"]) == (100, 98, 2)
    assert len(ids(world)) == 98


@pytest.mark.parametrize(
    ("limits", "counted"),
    [
        ({}, "1 of 19 rows"),
        ({"tolerated_rejects": 1}, "2 of 55 rows"),
        ({"tolerated_reject_percent": 0.0}, "1 of 19 rows"),
        ({"tolerated_reject_percent": 1.5}, "2 of 100 rows"),
    ],
)
def test_too_many_rejects_fail_the_run_before_anything_is_written(limits: dict[str, Any], counted: str) -> None:
    """Generating stops as soon as it is known, nothing is sent to the database, and the mail names the rejects."""
    world = World()
    instance = run(world, make_csv(100, bad=[3, 50]), **limits)
    assert world.transport.sent == []
    text = world.runs.records["r1"].result.failure["text"]  # type: ignore[index]  # it failed
    assert text.startswith(f"{counted} were rejected")
    assert_failed(world, instance, "generate_report", text)
    assert "GET /api/runs/r1/rejects" in world.mailer.emails[0].text
    assert "Written:  nothing" in world.mailer.emails[0].text


STEPS = ("advance_run", "read_input_file", "read_data_from_db", "generate_report", "store_data_to_db", "publish_report")


@pytest.mark.parametrize("step", STEPS[1:])
def test_a_step_that_fails_for_good_fails_the_run(step: str) -> None:
    """A Permanent failure of an activity fails the run at once, with an email that names the activity and the
    reason."""
    world = World()
    world.driver.fail(step, Permanent("it cannot be done"), times=99)
    instance = run(world, make_csv(100))
    assert_failed(world, instance, step, "it cannot be done")
    assert world.driver.count(step) <= 2  # lanes


@pytest.mark.parametrize("step", STEPS[1:])
def test_a_step_whose_attempts_are_used_up_fails_the_run(step: str) -> None:
    """An activity that fails in all five attempts fails the run with its reason, without the host's words around it."""
    world = World()
    world.driver.fail(step, ValueError("the answer makes no sense"), times=99)
    instance = run(world, make_csv(20))
    assert_failed(world, instance, step, "ValueError: the answer makes no sense")
    assert world.driver.count(step) in (5, 10)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", STEPS)
def test_a_step_that_fails_and_then_succeeds_costs_nothing(step: str, after: bool) -> None:
    """After a step that fails as long as an outage lasts, its work done or not, every row is there once with one
    receipt."""
    world = World()
    world.driver.fail(step, Transient("the network is down"), times=100, after=after)
    instance = run(world, make_csv(50, bad=[7]), tolerated_rejects=1)
    assert instance.status == "Completed"
    assert (instance.output["rows_read"], instance.output["rows_stored"]) == (50, 49)
    assert instance.output == world.runs.records["r1"].result.receipt
    assert len(ids(world)) == 49
    assert world.mailer.asked == 0


def test_a_lane_that_fails_lets_its_neighbours_end() -> None:
    """The neighbours of a failed lane store their chunks of the wave, no later wave begins, and the email counts what
    was written."""
    world = World()
    world.driver.fail("store_data_to_db", Permanent("disk full"), times=1, chunk=0)
    instance = run(world, make_csv(100), max_parallel=4)
    assert_failed(world, instance, "store_data_to_db", "disk full")
    record = world.runs.records["r1"]
    assert record.result.totals is not None
    assert record.result.totals["documents"] == len(ids(world)) > 0
    assert f"at least {len(ids(world))} documents" in world.mailer.emails[0].text
    waves = [id_ for id_, each in world.driver.instances.items() if each.name == "run_wave" and ":store" in id_]
    assert waves == ["r1:1:store0"]


@pytest.mark.parametrize("name", ["run_lane", "run_wave"])
@pytest.mark.parametrize("times", [1, MOST_ATTEMPTS - 1])
def test_a_lane_or_a_wave_whose_worker_dies_costs_an_attempt(name: str, times: int) -> None:
    """A run that loses a lane or wave completes in its next attempt with every row once."""
    world = World()
    world.driver.dying[name] = times
    receipt = run(world, make_csv(20), max_parallel=1).output
    assert (receipt["rows_stored"], receipt["documents_written"], len(ids(world))) == (20, 20, 20)
    record = world.runs.records["r1"]
    assert (record.status.state, record.status.attempt, world.mailer.asked) == ("completed", times + 1, 0)


def test_a_run_whose_lanes_die_in_every_attempt_fails() -> None:
    """A run whose lanes die in every attempt fails after the last one and sends one email."""
    world = World()
    world.driver.dying["run_lane"] = 99
    assert_failed(world, run(world, make_csv(20)), "run_lane", DIED)
    assert world.runs.records["r1"].status.attempt == MOST_ATTEMPTS


def test_a_compensation_whose_worker_dies_leaves_the_reason() -> None:
    """A run whose compensation dies fails for its own reason."""
    world = World()
    world.driver.dying["compensate_run"] = 1
    world.driver.fail("publish_report", Permanent("it does not add up"))
    assert run(world, make_csv(5)).output.endswith("it does not add up")


def test_a_slow_database_costs_cursors_and_no_timeout() -> None:
    """Calls to a throttled database end by their deadline and go on from their cursor, and a lane continues as new
    after 50 calls."""
    world = World(timeout=10.0)
    world.transport.meet([throttle(7)] * 150)
    instance = run(world, make_csv(6), max_parallel=1)
    assert instance.output["documents_written"] == 6
    assert world.driver.count("store_data_to_db") > 50
    assert world.driver.instances["r1:1:store0-0"].generations > 1
    assert instance.output["throttled"] >= 150


def test_what_the_database_refuses_is_in_the_counts() -> None:
    """A run with more refused documents than it tolerates fails, and the other documents stay written."""
    world = World()
    world.transport.poison = {"s0003.0": 400}
    instance = run(world, make_csv(20))
    assert_failed(world, instance, "store_data_to_db", "1 of 20 rows were rejected and 0 rows are tolerated")
    assert len(ids(world)) == 19
    assert "19 documents, which stay" in world.mailer.emails[0].text


def test_a_container_that_is_missing_fails_the_run_by_its_name() -> None:
    """A run whose container is missing fails with the container's name."""
    world = World()
    world.transport.always = Fault(404, 1003)
    instance = run(world, make_csv(20))
    text = "the container sales does not exist; create it, because this app may not"
    assert_failed(world, instance, "store_data_to_db", text)


def test_every_status_is_small() -> None:
    """Every custom status of a run takes less than 2 KB as the host counts it, in UTF-16."""
    world = World()
    run(world, make_csv(200), run="r" * 64)
    statuses = world.driver.instances["r" * 64].statuses
    assert max(len(json.dumps(status).encode("utf-16-le")) for status in statuses) < 2048
    assert len({json.dumps(status) for status in statuses}) > 3


FAULTS = st.tuples(st.sampled_from(STEPS), st.integers(1, 4), st.booleans())
ANSWERS = st.sampled_from([None, throttle(1), throttle(30), lose(applied=True), lose(applied=False), Fault(503)])


@settings(max_examples=15)
@given(st.integers(0, 10**6), st.lists(FAULTS, max_size=4, unique_by=lambda f: f[0]), st.lists(ANSWERS, max_size=5))
def test_over_any_schedule_every_row_is_stored_or_rejected(
    seed: int, faults: list[tuple[str, int, bool]], answers: list[Fault | None]
) -> None:
    """The rows read are the rows stored plus the rows rejected, in any order of ends and with any passing faults."""
    world = World(seed=seed)
    for name, times, after in faults:
        world.driver.fail(name, Transient("for a while"), times, after=after)
    world.transport.meet(answers)
    receipt = run(world, make_csv(40, bad=[9, 33]), tolerated_reject_percent=5.0, max_parallel=3).output
    assert (receipt["rows_read"], receipt["rows_stored"], receipt["rows_rejected"]) == (40, 38, 2)
    assert len(ids(world)) == 38
    assert world.runs.records["r1"].status.state == "completed"


def test_runs_beyond_the_seats_wait_and_all_end() -> None:
    """Twenty runs on two seats are at work two at a time, in the order in which they were accepted."""
    world, at_work, order = World(most_runs=2), list[int](), list[str]()
    advance = world.steps["advance_run"]

    async def noting(given: Json) -> Any:
        answer = await advance(given)
        at_work.append(sum(record.status.state in AT_WORK for record in world.runs.records.values()))
        if given["event"] == "read" and answer["state"] == "reading":
            order.append(given["run"])
        return answer

    async def post() -> None:
        world.steps["advance_run"] = noting
        runs = [f"r{number:02}" for number in range(20)]
        for run in runs:
            world.clock.advance(1)
            await world.accept(make_csv(3), run)
        await asyncio.gather(*(world.driver.run("import_report", {"attempt": 1}, run) for run in runs))
        assert all(abs(order.index(run) - runs.index(run)) <= 1 for run in runs)

    asyncio.run(post())
    assert {record.status.state for record in world.runs.records.values()} == {"completed"}
    assert max(at_work) == 2
    assert [status["phase"] for status in world.driver.instances["r19"].statuses][:2] == ["reading", "queued"]


@pytest.mark.parametrize(("bad", "status", "emails"), [((), "Completed", 0), ((1,), "Failed", 1)])
def test_an_ended_run_that_is_restarted_from_outside_keeps_its_end(
    bad: tuple[int, ...], status: str, emails: int
) -> None:
    """The restarted orchestration ends as the first one did, nothing is written again and no second email is sent."""
    world = World()

    async def twice() -> tuple[Instance, Instance]:
        first = await world.run(make_csv(30, bad=bad))
        sent = len(world.transport.sent)
        second = await world.driver.run("import_report", {"attempt": 1}, "r1")
        assert len(world.transport.sent) == sent
        return first, second

    first, second = asyncio.run(twice())
    assert (first.status, second.status, second.output) == (status, status, first.output)
    assert len(world.mailer.emails) == emails
