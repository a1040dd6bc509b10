import asyncio

from outlast.staging.stopped_code import StoppedCode
from outlast.staging.store import Staging
from tests.fakes.clock import ManualClock


def test_the_last_stop_is_known_for_an_hour() -> None:
    """Any instance with the same staging location finds the last one, until it is an hour old."""

    async def run() -> None:
        clock, staging = ManualClock(), Staging("memory:///")
        here, there = (StoppedCode(staging, clock.now) for _ in range(2))
        assert await there.recent() is None
        await here.note("sales", "generate_report")
        clock.advance(60)
        await here.note("stock", "read_data_from_db")
        clock.advance(3600)
        found = await there.recent()
        assert found is not None
        assert (found["report"], found["step"]) == ("stock", "read_data_from_db")
        clock.advance(1)
        assert await there.recent() is None

    asyncio.run(run())
