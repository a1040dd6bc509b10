"""HTTP functions over a world of fakes."""

from collections.abc import Callable
from typing import Any

from outlast.http.start_once import StartOnce
from outlast.http.start_report import NewRuns, RequestReader, StartChecks, StartReport
from outlast.runs.launcher import Launcher
from outlast.runs.mirror_claims import MirrorClaims
from tests.fakes.app_documents import secret_of_tests
from tests.fakes.world import World, work_here


def start_endpoint(world: World, new_id: Callable[[], str]) -> Any:
    """The start endpoint; `new_id` makes the ids of runs without a key."""
    start_once = StartOnce(world.runs, world.staging, Launcher(5.0), world.clock.sleep, secret_of_tests)
    reader = RequestReader(world.reports, world.inputs, work_here)
    claims = MirrorClaims(world.documents, world.runs, world.clock.now)
    checks = StartChecks(world.transport.throughput, world.snapshots, claims)
    new_runs = NewRuns(8, world.clock.now, new_id)
    return StartReport(reader, checks, new_runs, start_once).start_report
