import asyncio
import math
from dataclasses import dataclass
from typing import Any

import orjson
import pytest

from outlast.compute.reading import MOST_BYTES
from outlast.errors import Permanent, Transient
from outlast.report import Report
from outlast.staging.paths import reference_path
from tests.fakes.reports import Sale, Sales
from tests.fakes.world import World


class Reading(Sales):
    """Reads the shops, or returns the value that it was made with, and counts its calls."""

    def __init__(self, found: Any = None) -> None:
        self.found = found
        self.times = 0

    async def read_data_from_db(self, database: Any, parameters: Any) -> Any:
        self.times += 1
        shops = database.get_container_client("shops").query_items("SELECT * FROM c")
        return self.found or {"shops": [shop["id"] async for shop in shops], "factor": parameters.factor}


class Waiting(Sales):
    async def read_data_from_db(self, database: Any, parameters: Any) -> Any:
        await asyncio.Event().wait()


def read(report: Sales, repeats: int = 1, timeout: float = 100.0, state: str = "reading") -> tuple[World, Any]:
    """Read for a run, that often; return its world and the last answer."""
    world = World(timeout=timeout, reports={"sales": report})
    world.cosmos.containers = {"shops": [{"id": "shop0"}, {"id": "shop1"}]}

    async def run() -> Any:
        await world.accept(b"", state=state, parameters={"factor": 3})
        for _ in range(repeats):
            answer = await world.call("read_data_from_db")
        return answer

    return world, asyncio.run(run())


def test_what_the_report_reads_is_staged() -> None:
    """The data that a report reads with the run's parameters is staged, and the answer has its size."""
    world, answer = read(Reading())
    staged = asyncio.run(world.staging.need(reference_path("r1")))
    assert orjson.loads(staged) == {"shops": ["shop0", "shop1"], "factor": 3}
    assert answer == {"bytes": len(staged)}


def test_a_repeat_leaves_what_was_read_first() -> None:
    """A repeat does not call the report again and keeps the staged data."""
    report = Reading()
    world, answer = read(report, repeats=2)
    assert report.times == 1
    assert answer == {"bytes": len(asyncio.run(world.staging.need(reference_path("r1"))))}


def test_of_two_calls_at_once_the_first_is_kept() -> None:
    """Two calls at once return the size of the same staged data."""
    world = World(reports={"sales": Reading()})

    async def run() -> None:
        await world.accept(b"", state="reading")
        answers = await asyncio.gather(*(world.call("read_data_from_db") for _ in range(2)))
        assert answers[0] == answers[1]

    asyncio.run(run())


def test_a_report_that_reads_nothing_has_nothing() -> None:
    """Rows of such a report get None as reference."""

    class Json(Sales):
        async def read_data_from_db(self, database: Any, parameters: Any) -> Any:
            return None

    world, _ = read(Json())
    assert asyncio.run(world.staging.need(reference_path("r1"))) == b"null"


def test_a_report_that_reads_too_long_fails_for_good() -> None:
    """A report that reads for too long raises Permanent before the host ends the worker."""
    with pytest.raises(Permanent, match=r"read_data_from_db of sales took longer than 0 s, 60 % of functionTimeout; "):
        read(Waiting(), timeout=0.001)


def test_what_is_no_json_fails_for_good() -> None:
    """A report that returns what is no JSON raises Permanent with the report's name."""
    with pytest.raises(Permanent, match="read_data_from_db of sales returned what is no JSON"):
        read(Reading(found={"a": {1, 2}}))


def test_more_than_16_mib_fail_for_good() -> None:
    """A value above the limit raises Permanent with report, size, limit and remedy."""
    assert read(Reading(found="x" * (MOST_BYTES - 2)))[1] == {"bytes": MOST_BYTES}
    with pytest.raises(Permanent) as caught:
        read(Reading(found="x" * (MOST_BYTES - 1)))
    assert str(caught.value) == (
        "read_data_from_db of sales returned 16,777,217 bytes as JSON and at most 16,777,216 are allowed; "
        "return only the records and fields that generate_report needs"
    )


def test_a_run_that_has_moved_on_is_left_alone() -> None:
    """A call of an earlier state raises Permanent before the report is called."""
    report = Reading()
    with pytest.raises(Permanent, match="belongs to reading"):
        read(report, state="failing")
    assert report.times == 0


@dataclass
class Rate:
    rate: float


@pytest.mark.parametrize(
    ("found", "at"),
    [({"rates": [1.0, math.nan]}, " at rates.1"), ({"a": Rate(math.inf)}, " at a.rate"), (-math.inf, "")],
)
def test_a_number_that_is_not_finite_fails_the_run(found: Any, at: str) -> None:
    """NaN and infinity in what was read are refused with their path, because the encoder would write null."""
    with pytest.raises(Permanent, match=f"returned a NaN or an infinity{at}, which JSON cannot say"):
        read(Reading(found))


class TimingOut(Sales):
    """Has a time limit of its own, which it exceeds."""

    async def read_data_from_db(self, database: Any, parameters: Any) -> Any:
        async with asyncio.timeout(0):
            await asyncio.Event().wait()


def test_a_time_limit_of_the_report_is_not_taken_for_ours() -> None:
    """Its error is retried as any other of the report, and the text does not advise to read less."""
    with pytest.raises(Transient, match="read_data_from_db of sales raised TimeoutError: ") as caught:
        read(TimingOut())
    assert "functionTimeout" not in str(caught.value)


def test_a_report_that_reads_too_long_is_noted_for_the_health() -> None:
    """The note names the report and the step, and a report that reads in time leaves none."""
    world, _ = read(Reading())
    assert asyncio.run(world.stopped.recent()) is None
    world = World(timeout=0.001, reports={"sales": Waiting()})

    async def run() -> None:
        await world.accept(b"", state="reading")
        with pytest.raises(Permanent):
            await world.call("read_data_from_db")
        found = await world.stopped.recent()
        assert found is not None
        assert (found["report"], found["step"]) == ("sales", "read_data_from_db")

    asyncio.run(run())


def test_a_report_without_a_reading_of_its_own_needs_no_process() -> None:
    """Nobody is asked to run what the base class does."""

    class Plain(Report[Sale]):
        name, container, partition_key = "sales", "sales", "/shop"

    world = World(reports={"sales": Plain()})
    world.cosmos.error = AssertionError("the database was opened")

    async def run() -> None:
        await world.accept(b"", state="reading")
        await world.call("read_data_from_db")
        assert await world.staging.need(reference_path("r1")) == b"null"

    asyncio.run(run())
