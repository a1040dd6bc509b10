"""What a person does with the rejects of a run: download, correct, send back."""

import asyncio
import csv
import io
from collections.abc import Callable
from typing import Any

import azure.functions as func

from outlast.http.correct_run import CorrectRun
from outlast.http.problem import answering
from outlast.http.revise_run import Reviser
from outlast.http.show_rejects import ShowRejects
from outlast.models import Json
from outlast.runs.launcher import Launcher
from outlast.staging.corrections import Corrections
from outlast.staging.retention import Days
from tests.fakes.clock import ManualClock
from tests.fakes.http import FakeClient, ask, read
from tests.fakes.reports import make_csv
from tests.fakes.world import World, work_here

Fix = Callable[[dict[str, str]], dict[str, str]]


def reviser_of(world: World) -> Reviser:
    days = Days(files=14, record=90, now=world.clock.now)
    return Reviser(runs=world.runs, launcher=Launcher(5.0, ManualClock().sleep), days=days, owner="")


async def rejects_of(world: World, run: str = "r1") -> list[dict[str, str]]:
    """The lines of the rejects file by column."""
    shown = await ShowRejects(world.runs, world.files, world.clock).show_rejects(ask("rejects", run=run))
    return list(csv.DictReader(io.StringIO(shown.get_body().decode(), newline="")))


def sent_back(lines: list[dict[str, str]], fix: Fix) -> bytes:
    """The file with every line corrected."""
    fixed = [fix(line) for line in lines]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(fixed[0]))
    writer.writeheader()
    writer.writerows(fixed)
    return text.getvalue().encode()


async def post(world: World, client: Any, body: bytes, run: str = "r1") -> func.HttpResponse:
    correct = CorrectRun(
        runs=world.runs,
        corrections=Corrections(world.files),
        reviser=reviser_of(world),
        in_thread=work_here,
    )
    return await answering(correct.correct_run)(ask("corrections", body, "text/csv", run=run), client)


async def go_on(world: World, run: str = "r1") -> Any:
    """Drive the attempt that a client has started."""
    attempt = world.runs.records[run].status.attempt
    return await world.driver.run("import_report", {"attempt": attempt}, run)


def fixed(line: dict[str, str]) -> dict[str, str]:
    return {**line, "amount": "5", "code": "", "message": ""}


def import_all(rows: int = 40, bad: tuple[int, ...] = (7, 30), world: World | None = None, **fields: Any) -> World:
    world = world or World()
    asyncio.run(world.run(make_csv(rows, bad=bad), **fields))
    return world


def correct(world: World, body: bytes, client: FakeClient | None = None) -> tuple[int, Json]:
    response = asyncio.run(post(world, client or FakeClient(), body))
    return response.status_code, read(response)


def rejects(world: World) -> list[dict[str, str]]:
    return asyncio.run(rejects_of(world))
