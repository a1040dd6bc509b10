"""The package that azd publishes does the main job, with its own libraries and on containers as infra/ makes them."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from azure.cosmos import PartitionKey

from local.stack.settings import SAMPLE
from outlast.models import RUNS_CONTAINER
from tests.e2e.empty_environment import make_environment, size_of
from tests.e2e.stack import BROKEN, JANUARY, Stack, running
from tests.unit.infra.infra_files import ROOT, containers
from tests.unit.infra.package import unpack_package
from tests.unit.infra.test_package import load

MADE_ANEW = (RUNS_CONTAINER, "flight-delays")
"""The containers of the main job. The stack makes them first, without an indexing policy."""


MOST_MEGABYTES = 340
"""Of the installed libraries, unpacked. 317 were measured with Python 3.11; 170 of them are pyarrow's."""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_environment(tmp_path_factory.mktemp("environment") / "empty")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpack_package(tmp_path_factory.mktemp("package"))


@pytest.fixture(scope="module")
def stack(python: Path, app: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    shutil.copy(ROOT / SAMPLE, app)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sys, "executable", str(python))  # each process that this one starts has the empty environment
        with running(tmp_path_factory.mktemp("stack"), {"FIRST_RETRY_SECONDS": "0.05"}, app) as stack:
            make_containers_anew(stack)
            yield stack


def make_containers_anew(stack: Stack) -> None:
    """Replace the containers of the main job by those of infra/containers.json."""
    with stack.services.open_database() as database:
        for each in (each for each in containers() if each["name"] in MADE_ANEW):
            database.delete_container(each["name"])
            database.create_container(
                each["name"],
                PartitionKey(each["partitionKeys"][0]),
                indexing_policy=each.get("indexingPolicy"),
                default_ttl=each.get("defaultTtl"),
                offer_throughput=40_000,
            )


def test_the_package_loads_with_its_requirements_alone(python: Path, app: Path) -> None:
    """Every import of the unpacked package resolves in an environment that has only what requirements.txt pins."""
    assert load(app, str(python))["functions"] == load(ROOT)["functions"]


def test_the_libraries_are_small(python: Path) -> None:
    """The installed libraries stay small, because each new instance loads them."""
    assert size_of(python) < MOST_MEGABYTES * 1_000_000


def test_the_workers_have_nothing_else(stack: Stack, python: Path) -> None:
    """The workers that run the app are processes of the empty environment."""
    commands = [Path(f"/proc/{worker}/cmdline").read_bytes() for worker in stack.workers()]
    assert commands
    assert {command.split(b"\0")[0].decode() for command in commands} == {str(python)}


def test_the_package_imports_january(stack: Stack) -> None:
    """The unpacked package stores every row of January once, with the run records indexed as deployed."""
    run = stack.start("flight_delays", JANUARY.read_bytes())
    receipt = stack.wait(run)["output"]
    assert (receipt["rows_read"], receipt["rows_stored"]) == (27_004, 27_004)
    assert len(stack.ids("flight-delays")) == 27_004
    assert stack.record(run)["state"] == "completed"


def test_runs_are_listed_by_the_deployed_index(stack: Stack) -> None:
    """The list of runs, by report and state too, is answered with the index that is deployed."""
    run = stack.start("flight_delays", BROKEN.read_bytes())
    assert stack.wait(run)["runtimeStatus"] == "Failed"
    status, answer = stack.request("GET", "/api/runs", report="flight_delays", state="failed")
    assert (status, [each["id"] for each in answer["runs"]]) == (200, [run])
