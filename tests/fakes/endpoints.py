"""HTTP functions over a world of fakes."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from outlast.http.start_once import StartOnce
from outlast.http.start_report import NewRuns, RequestReader, StartChecks, StartReport
from outlast.runs.launcher import Launcher
from outlast.runs.mirror_claims import MirrorClaims
from outlast.sources.keyed_starts import KeyedStarts
from tests.fakes.app_documents import secret_of_tests
from tests.fakes.world import World, work_here


def start_endpoint(world: World, new_id: Callable[[], str]) -> Any:
    """The start endpoint; `new_id` makes the ids of runs without a key."""
    keyed = keyed_starts(world, new_id)
    reader = RequestReader(world.reports, world.inputs, work_here)
    return StartReport(reader, keyed.checks, keyed.new_runs, keyed.start_once).start_report


def keyed_starts(world: World, new_id: Callable[[], str] = lambda: uuid4().hex) -> KeyedStarts:
    """The starts that nobody posts."""
    start_once = StartOnce(world.runs, world.staging, Launcher(5.0), world.clock.sleep, secret_of_tests)
    claims = MirrorClaims(world.documents, world.runs, world.clock.now)
    checks = StartChecks(world.transport.throughput, world.snapshots, claims, world.queries)
    return KeyedStarts(checks, NewRuns(8, world.clock.now, new_id), start_once)
