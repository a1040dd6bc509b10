"""Runs that have ended, with everything that they leave behind."""

import asyncio

from outlast.runs.ids import compensation_id, lane_id, removal_id, wave_id
from outlast.staging.paths import body_path, generated_path, starting_path
from outlast.staging.removal import RunRemover
from outlast.staging.retention import Days, Retention
from tests.fakes.http import FakeClient
from tests.fakes.world import World


def instances_of(run: str, attempts: int = 1) -> list[str]:
    """The orchestrations of a run with two waves of two lanes in each phase of each attempt."""
    found = [run, removal_id(run)]
    for attempt in range(1, attempts + 1):
        waves = [wave_id(run, attempt, phase, n) for phase in ("generate", "resolve", "store") for n in (0, 19)]
        found += [compensation_id(run, attempt), *waves]
        found += [lane_id(wave, number) for wave in waves for number in (0, 31)]
    return found


def end_run(world: World, client: FakeClient, run: str = "r1", **fields: object) -> None:
    """Record a run that has ended, stage its files, and keep its histories."""
    asyncio.run(_stage(world, run, {"state": "completed", **fields}))
    attempts = world.runs.records[run].status.attempt
    client.shown |= {one: {"runtimeStatus": "Completed"} for one in instances_of(run, attempts)}


async def _stage(world: World, run: str, fields: dict[str, object]) -> None:
    await world.accept(b"id,shop\n", run, **fields)
    for path in (starting_path(run, "body"), body_path(run, "body.2"), generated_path(run, 0, 0, "json")):
        await world.staging.put(path, b"x")


def staged(world: World) -> set[str]:
    """The runs that have staged files."""
    files = asyncio.run(world.staging.list("runs")) + asyncio.run(world.staging.list("starting"))
    return {path.split("/")[1] for path, _ in files}


def retention(world: World, files: int = 14, record: int = 90) -> Retention:
    days = Days(files=files, record=record, now=world.clock.now)
    return Retention(runs=world.runs, remover=RunRemover(world.staging), days=days, owner="", deadlines=world.deadlines)
