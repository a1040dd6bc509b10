"""Each item that Application Insights got of two runs, beside what the embedded host writes for the same runs."""

import json
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from local.host.process import HostProcess
from tests.conformance.telemetry.recording import Item, Tree, plan_of, recorded, written

APP = Path(__file__).parent / "app"
RUNS = {"completed": "tracing-v2-completed-run.jsonl", "failed": "tracing-v2-failed-run.jsonl"}
LIFECYCLE = "Host.Triggers.DurableTask"
TRACE, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PATIENCE = 60.0  # seconds in which the run must have ended
TREES = {name: Tree(recorded(file)) for name, file in RUNS.items()}


def is_lifecycle(item: Item) -> bool:
    """Tell whether the item is one of the Durable extension's own at Information, which this host does not write."""
    return item.properties.get("Category") == LIFECYCLE and item.columns["severity"] == "Information"


CASES = [(run, name) for run, tree in TREES.items() for name, item in tree.items.items() if not is_lifecycle(item)]
Runs = dict[str, Tree]


@pytest.fixture(scope="module")
def got(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """What the embedded host writes when an app does what the recorded runs did."""
    folder = tmp_path_factory.mktemp("telemetry")
    return {run: Tree(_run(folder / run, TREES[run])) for run in RUNS}


def _run(folder: Path, tree: Tree) -> list[Item]:
    folder.mkdir()
    instance, plan = plan_of(tree)
    file = folder / "telemetry.jsonl"
    with HostProcess(APP, folder / "data", options=("--telemetry", str(file))) as host:
        headers = {"Content-Type": "application/json", "traceparent": f"00-{TRACE}-{CALLER}-01"}
        url = f"{host.url}/api/start/{instance}"
        urllib.request.urlopen(urllib.request.Request(url, json.dumps(plan).encode(), headers), timeout=30).close()
        _wait_until(lambda: any(_is_end(item) for item in written(file)))
    return written(file)


def _is_end(item: Item) -> bool:
    return (item.kind, item.name) == ("request", "orchestration:import_report")


def _wait_until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, f"the run has not ended after {PATIENCE:g} s"
        time.sleep(0.05)


@pytest.mark.parametrize(("run", "name"), CASES, ids=[f"{run}: {name}" for run, name in CASES])
def test_a_recorded_item_is_written(run: str, name: str, got: Runs) -> None:
    """The embedded host writes an item of the same kind, name, parent, success and custom dimensions."""
    expected, written_items = TREES[run].items[name], got[run]
    assert name in written_items.items, f"no item is {name}"
    actual = written_items.items[name]
    assert actual.comparable() == expected.comparable()
    if not name.startswith("dependency create_orchestration:"):  # the record lacks the request above it
        assert written_items.parent_of(actual) == TREES[run].parent_of(expected)


@pytest.mark.parametrize("run", RUNS)
def test_one_operation_is_one_run(run: str, got: Runs) -> None:
    """Every item of a run, from the POST on, has the operation_Id of the caller's traceparent."""
    assert {item.trace for item in got[run].items.values()} == {TRACE}
    assert got[run].items["request start_report"].parent == CALLER


@pytest.mark.parametrize("run", RUNS)
def test_the_start_hangs_below_the_request(run: str, got: Runs) -> None:
    """The dependency of the start has the HTTP request as its parent."""
    tree = got[run]
    start = next(item for item in tree.items.values() if item.name == "create_orchestration:import_report")
    assert tree.parent_of(start) == "request start_report"


@pytest.mark.parametrize("run", RUNS)
def test_replays_write_no_spans(run: str, got: Runs) -> None:
    """The host writes exactly the requests and dependencies of the record, and the POST."""

    def spans(tree: Tree) -> set[str]:
        return {name for name, item in tree.items.items() if item.id}

    assert spans(got[run]) == spans(TREES[run]) | {"request start_report"}


def test_a_users_records_are_written(got: Runs) -> None:
    """Records that an activity logs arrive with level, category and the activity's span."""
    expected = recorded("user-logs.jsonl")
    category = "Function.advance_run.User"
    tree = got["completed"]
    first = "request activity:advance_run"
    logged = [i for i in tree.items.values() if i.properties.get("Category") == category][:3]
    assert [i.comparable() for i in logged] == [i.comparable() for i in expected]
    assert all(tree.parent_of(i).startswith(first) for i in logged)


def test_only_the_durable_lifecycle_is_not_written() -> None:
    """The record has 53 items of the Durable extension's lifecycle at Information. They are the only ones that the
    host lacks, and the app's host.json does not show them on Azure either."""
    assert [sum(map(is_lifecycle, tree.items.values())) for tree in TREES.values()] == [0, 53]
    levels = json.loads((Path(__file__).parents[3] / "host.json").read_text(encoding="utf-8"))["logging"]["logLevel"]
    assert levels[LIFECYCLE] == "Warning"
