"""Whole runs that are cancelled in each of their steps and end by themselves."""

import asyncio
from typing import Any

import azure.functions as func
import pytest

from outlast.http.cancel_run import CancelRun
from outlast.models import Json
from outlast.runs.launcher import Launcher
from tests.fakes.http import ask
from tests.fakes.reports import WITH_SNAPSHOT, make_csv
from tests.fakes.world import World

STEPS = ("read_input_file", "read_data_from_db", "generate_report", "store_data_to_db", "publish_report")


def cancel_at(step: str, after: bool, **fields: Any) -> World:
    """Run to the end a run that is cancelled just before, or just after, its first call of that activity."""
    world = World(reports=WITH_SNAPSHOT)
    work, cancelled = world.steps[step], list[func.HttpResponse]()

    async def cancel() -> None:
        if not cancelled:
            handler = CancelRun(world.runs, Launcher(5.0)).cancel_run
            cancelled.append(await handler(ask("runs/r1/cancel", run="r1"), world.driver))

    async def meddled(given: Json) -> Any:
        if not after:
            await cancel()
        answer = await work(given)
        await cancel()
        return answer

    world.steps[step] = meddled
    asyncio.run(world.run(make_csv(300), **fields))
    assert [response.status_code for response in cancelled] == [202]
    return world


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("mode", ["upsert", "snapshot"])
def test_a_run_is_cancelled_whatever_it_is_at(step: str, after: bool, mode: str) -> None:
    """A run that is cancelled at any activity ends cancelled without an email and without a snapshot's documents,
    unless its snapshot is published already."""
    world = cancel_at(step, after, report="stock" if mode == "snapshot" else "sales", mode=mode)
    record, published = world.runs.records["r1"], (step, after, mode) == ("publish_report", True, "snapshot")
    assert (record.status.state, record.status.pending) == ("completed" if published else "cancelled", [])
    assert (world.mailer.asked, bool(world.snapshots.headers)) == (0, published)
    assert len(world.transport.documents("stock")) == (300 if published else 0)
    assert world.driver.instances["r1"].status == ("Completed" if published else "Failed")


@pytest.mark.parametrize("step", ["generate_report", "store_data_to_db"])
def test_what_is_cancelled_goes_no_further(step: str) -> None:
    """A run that is cancelled at an activity calls no later activity and writes no document."""
    world = cancel_at(step, after=False)
    later = STEPS[STEPS.index(step) + 1 :]
    assert not any(world.driver.count(name) for name in later)
    assert world.transport.sent == []
