"""A posted file and all that came of it: the start endpoint, the orchestrators and the activities over fakes."""

import asyncio
import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import azure.functions as func

from outlast.http.problem import answering
from outlast.http.show_rejects import ShowRejects
from outlast.http.start_once import StartOnce
from outlast.http.start_report import NewRuns, RequestReader, StartChecks, StartReport
from outlast.models import Json
from outlast.report import Report
from outlast.runs.launcher import Launcher
from outlast.runs.mirror_claims import MirrorClaims
from tests.fakes.app_documents import secret_of_tests
from tests.fakes.http import FakeClient, ask, read
from tests.fakes.world import World, work_here


@dataclass(slots=True)
class Came:
    """What came of a posted file. `documents` are by id; `rejects` are row, column and code, in the order of rows."""

    problem: Json | None = None
    status: str = ""
    output: Any = None
    documents: dict[str, Json] = field(default_factory=dict)
    rejects: list[tuple[int, str, str]] = field(default_factory=list)
    rejects_file: bytes = b""


def post(reports: Mapping[str, Report[Any]], name: str, body: bytes, media: str | None = None, **params: str) -> Came:
    """Post a file for the report of that name, and drive its run to the end."""
    return asyncio.run(_post(reports, name, ask(f"reports/{name}", body, media, params, report=name)))


async def _post(reports: Mapping[str, Report[Any]], name: str, request: func.HttpRequest) -> Came:
    world, client = World(reports=reports), FakeClient()
    world.transport.partition_key = reports[name].partition_key
    start_once = StartOnce(world.runs, world.staging, Launcher(5.0), world.clock.sleep, secret_of_tests)
    new_runs = NewRuns(2, world.clock.now, lambda: "r1")
    reader = RequestReader(reports, world.inputs, work_here)
    claims = MirrorClaims(world.documents, world.runs, world.clock.now)
    checks = StartChecks(world.transport.throughput, world.snapshots, claims, world.queries)
    start = StartReport(reader, checks, new_runs, start_once).start_report
    response = await answering(start)(request, client)
    if response.status_code != 202:
        return Came(problem=read(response))
    instance = await world.driver.run("import_report", {"attempt": 1}, "r1")
    shown = await ShowRejects(world.runs, world.files, world.clock).show_rejects(ask("runs/r1/rejects", run="r1"))
    rows = list(csv.reader(io.StringIO(shown.get_body().decode(), newline="")))[1:]
    return Came(
        status=instance.status,
        output=instance.output,
        documents={key: document for (_, key), document in world.transport.documents(reports[name].container).items()},
        rejects=[(int(row), column, code) for row, column, code, *_ in rows],
        rejects_file=shown.get_body(),
    )
