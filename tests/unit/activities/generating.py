"""Makes a run that is about to generate for the tests of `generate_report`, and reads what it staged."""

import asyncio
from typing import Any

from outlast.cosmos.bulk.staged_document import StagedDocument, read_staged
from outlast.models import Json
from outlast.staging.parts import Generated
from outlast.staging.rejects import Reject, each_row_once
from tests.fakes.reports import REPORTS, Sales
from tests.fakes.world import World, call_until_done

GIVEN = {"run": "r1", "attempt": 1, "chunk": 0}


def prepare(body: bytes, report: Sales | None = None, **fields: Any) -> World:
    """Return a run that is about to generate, its input in one chunk."""
    world = World(reports={"sales": report} if report else REPORTS)
    asyncio.run(world.prepare(body, "generating", **fields))
    return world


def generate(world: World, cursor: Json | None = None) -> Json:
    answer: Json = asyncio.run(world.call("generate_report", chunk=0, cursor=cursor))
    return answer


def generate_all(world: World) -> None:
    asyncio.run(call_until_done(world.steps["generate_report"], GIVEN))


def staged(world: World, chunk: int = 0) -> tuple[list[StagedDocument], list[Reject], int]:
    """Return the documents and rejects of the chunk, and the number of its parts."""

    async def run() -> tuple[list[StagedDocument], list[Reject], int]:
        lines, files, parts = [], [], 0
        generated = Generated(world.staging, "r1", chunk)
        async for part, answer in generated.parts():
            parts += 1
            lines += read_staged(await world.staging.need(generated.path(part, answer.documents)))
            if answer.rejects is not None:
                files.append(await world.staging.need(generated.path(part, answer.rejects)))
        return lines, each_row_once(files), parts

    return asyncio.run(run())


def ids(lines: list[StagedDocument]) -> list[str]:
    return [line.parsed()["id"] for line in lines]
