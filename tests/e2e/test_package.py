"""The package that azd publishes does the main job, on containers as infra/ makes them."""

import shutil
from collections.abc import Iterator

import pytest
from azure.cosmos import PartitionKey

from local.stack.settings import SAMPLE
from outlast.models import RUNS_CONTAINER
from tests.e2e.stack import BROKEN, JANUARY, Stack, running
from tests.unit.infra.infra_files import ROOT, containers
from tests.unit.infra.package import unpack_package

MADE_ANEW = (RUNS_CONTAINER, "flight-delays")
"""The containers of the main job. The stack makes them first, without an indexing policy."""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    app = unpack_package(tmp_path_factory.mktemp("package"))
    shutil.copy(ROOT / SAMPLE, app)
    with running(tmp_path_factory.mktemp("stack"), {"FIRST_RETRY_SECONDS": "0.05"}, app) as stack:
        make_containers_anew(stack)
        yield stack


def make_containers_anew(stack: Stack) -> None:
    """Replace the containers of the main job by those of infra/containers.json, without a TTL, which the emulator
    does not support."""
    with stack.services.open_database() as database:
        for each in (each for each in containers() if each["name"] in MADE_ANEW):
            database.delete_container(each["name"])
            database.create_container(
                each["name"],
                PartitionKey(each["partitionKeys"][0]),
                indexing_policy=each.get("indexingPolicy"),
                offer_throughput=40_000,
            )


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
