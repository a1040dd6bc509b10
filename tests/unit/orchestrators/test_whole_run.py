"""Whole runs: the orchestrators with the real activities over fakes, driven in one process."""

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activities import read_input_file
from outlast.errors import Permanent, Transient
from outlast.models import MOST_ATTEMPTS
from tests.fakes.driver import DIED, Instance
from tests.fakes.reports import HEADER, make_csv
from tests.fakes.transport import Fault, lose, throttle
from tests.fakes.world import World


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of a few rows."""
    monkeypatch.setattr(read_input_file, "SMALLEST", 150)


def run(world: World, body: bytes, **fields: Any) -> Instance:
    return asyncio.run(world.run(body, **fields))


def ids(world: World) -> set[str]:
    return {key for _, key in world.transport.documents("sales")}


def reason(world: World) -> str:
    """The reason in the one mail."""
    (email,) = world.mailer.emails
    (line,) = (line for line in email.text.splitlines() if line.startswith("Reason:"))
    return line.partition(":")[2].strip()


def assert_failed(world: World, instance: Instance, step: str, text: str) -> None:
    """The run failed, with the same text in output, record and mail."""
    record = world.runs.records["r1"]
    assert instance.status == "Failed"
    assert instance.output.endswith(text)
    assert record.result.failure is not None
    assert (record.status.state, record.result.failure["step"], record.result.failure["text"]) == ("failed", step, text)
    assert reason(world) == text
    assert record.status.pending == []


def test_every_row_is_in_the_database_once() -> None:
    """The receipt says so, and the record is completed."""
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
    """Both phases call each chunk once."""
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
    """They are left out and counted."""
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
    """At once, with one mail that says which step and why."""
    world = World()
    world.driver.fail(step, Permanent("it cannot be done"), times=99)
    instance = run(world, make_csv(100))
    assert_failed(world, instance, step, "it cannot be done")
    assert world.driver.count(step) <= 2  # lanes


@pytest.mark.parametrize("step", STEPS[1:])
def test_a_step_whose_attempts_are_used_up_fails_the_run(step: str) -> None:
    """Five of them, and the host's words around the reason are left out."""
    world = World()
    world.driver.fail(step, Transient("the network is down"), times=99)
    instance = run(world, make_csv(20))
    assert_failed(world, instance, step, "Transient: the network is down")
    assert world.driver.count(step) in (5, 10)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", STEPS)
def test_a_step_that_fails_and_then_succeeds_costs_nothing(step: str, after: bool) -> None:
    """Whether its work was done before it failed or not: every row is there once, and there is one receipt."""
    world = World()
    world.driver.fail(step, Transient("worker died"), times=4, after=after)
    instance = run(world, make_csv(50, bad=[7]), tolerated_rejects=1)
    assert instance.status == "Completed"
    assert (instance.output["rows_read"], instance.output["rows_stored"]) == (50, 49)
    assert instance.output == world.runs.records["r1"].result.receipt
    assert len(ids(world)) == 49
    assert world.mailer.asked == 0


def test_a_lane_that_fails_lets_its_neighbours_end() -> None:
    """The other lane's chunks of the wave are stored; no later wave begins; the mail counts what was written."""
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
    """The run begins anew, finds what was staged, and every row is there once."""
    world = World()
    world.driver.dying[name] = times
    receipt = run(world, make_csv(20), max_parallel=1).output
    assert (receipt["rows_stored"], receipt["documents_written"], len(ids(world))) == (20, 20, 20)
    record = world.runs.records["r1"]
    assert (record.status.state, record.status.attempt, world.mailer.asked) == ("completed", times + 1, 0)


def test_a_run_whose_lanes_die_in_every_attempt_fails() -> None:
    """The run fails and sends one email."""
    world = World()
    world.driver.dying["run_lane"] = 99
    assert_failed(world, run(world, make_csv(20)), "run_lane", DIED)
    assert world.runs.records["r1"].status.attempt == MOST_ATTEMPTS


def test_a_compensation_whose_worker_dies_leaves_the_reason() -> None:
    """The run fails for its own reason; nobody could be told."""
    world = World()
    world.driver.dying["compensate_run"] = 1
    world.driver.fail("publish_report", Permanent("it does not add up"))
    assert run(world, make_csv(5)).output.endswith("it does not add up")


def test_a_slow_database_costs_cursors_and_no_timeout() -> None:
    """Calls end by their deadline and are called again with their cursor; lanes start anew after 50 of them."""
    world = World(timeout=10.0)
    world.transport.meet([throttle(7)] * 150)
    instance = run(world, make_csv(6), max_parallel=1)
    assert instance.output["documents_written"] == 6
    assert world.driver.count("store_data_to_db") > 50
    assert world.driver.instances["r1:1:store0-0"].generations > 1
    assert instance.output["throttled"] >= 150


def test_what_the_database_refuses_is_in_the_counts() -> None:
    """Over the tolerance the run fails, though the others are written."""
    world = World()
    world.transport.poison = {"s0003.0": 400}
    instance = run(world, make_csv(20))
    assert_failed(world, instance, "store_data_to_db", "1 of 20 rows were rejected and 0 rows are tolerated")
    assert len(ids(world)) == 19
    assert "19 documents, which stay" in world.mailer.emails[0].text


def test_a_container_that_is_missing_fails_the_run_by_its_name() -> None:
    """After the first answer that says so, of each lane."""
    world = World()
    world.transport.always = Fault(404, 1003)
    instance = run(world, make_csv(20))
    text = "the container sales does not exist; create it, because this app may not"
    assert_failed(world, instance, "store_data_to_db", text)


def test_every_status_is_small() -> None:
    """That of the run under 2 KB, as the host counts."""
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
    """Whatever order things end in, and whatever fails for a while: rows read are rows stored and rows rejected."""
    world = World(seed=seed)
    for name, times, after in faults:
        world.driver.fail(name, Transient("for a while"), times, after=after)
    world.transport.meet(answers)
    receipt = run(world, make_csv(40, bad=[9, 33]), tolerated_reject_percent=5.0, max_parallel=3).output
    assert (receipt["rows_read"], receipt["rows_stored"], receipt["rows_rejected"]) == (40, 38, 2)
    assert len(ids(world)) == 38
    assert world.runs.records["r1"].status.state == "completed"
