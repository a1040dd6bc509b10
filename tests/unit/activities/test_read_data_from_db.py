import asyncio
import math
from dataclasses import dataclass
from typing import Any

import orjson
import pytest

from activities.read_data_from_db import MOST_BYTES
from outlast.errors import Permanent
from outlast.staging.paths import reference_path
from tests.fakes.reports import Sales
from tests.fakes.world import World


class Reading(Sales):
    """Reads what it is told to, and counts."""

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
    """With the run's parameters, from the database; the answer says only how much it is."""
    world, answer = read(Reading())
    staged = asyncio.run(world.staging.need(reference_path("r1")))
    assert orjson.loads(staged) == {"shops": ["shop0", "shop1"], "factor": 3}
    assert answer == {"bytes": len(staged)}


def test_a_repeat_leaves_what_was_read_first() -> None:
    """Every later step sees the same data, so the report is not asked again."""
    report = Reading()
    world, answer = read(report, repeats=2)
    assert report.times == 1
    assert answer == {"bytes": len(asyncio.run(world.staging.need(reference_path("r1"))))}


def test_of_two_calls_at_once_the_first_is_kept() -> None:
    """Both answer for what is staged."""
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
    """The call fails with a clear text, before the host would kill the worker with all that runs there."""
    with pytest.raises(Permanent, match=r"read_data_from_db of sales took longer than 0 s, 60 % of functionTimeout; "):
        read(Waiting(), timeout=0.001)


def test_what_is_no_json_fails_for_good() -> None:
    """The text names the report."""
    with pytest.raises(Permanent, match="read_data_from_db of sales returned what is no JSON"):
        read(Reading(found={"a": {1, 2}}))


def test_more_than_16_mib_fail_for_good() -> None:
    """A value above the limit is refused, and the text names report, size, limit and remedy."""
    assert read(Reading(found="x" * (MOST_BYTES - 2)))[1] == {"bytes": MOST_BYTES}
    with pytest.raises(Permanent) as caught:
        read(Reading(found="x" * (MOST_BYTES - 1)))
    assert str(caught.value) == (
        "read_data_from_db of sales returned 16,777,217 bytes as JSON and at most 16,777,216 are allowed; "
        "return only the records and fields that generate_report needs"
    )


def test_a_run_that_has_moved_on_is_left_alone() -> None:
    """The fence stops it before the database is asked."""
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
