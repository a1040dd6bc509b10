"""infra/containers.json is what the app needs of its database."""

import asyncio
import re
from typing import Any

import orjson
import pytest

from outlast.http.list_reports import ListReports
from outlast.models import RUNS_CONTAINER
from outlast.report import load_reports
from tests.fakes.http import ask
from tests.unit.infra.infra_files import ROOT, containers


def needed() -> dict[str, list[str]]:
    """Return the partition keys of each container that `GET /api/reports` lists, a list also of one that is a text."""
    listing = ListReports(load_reports(ROOT / "reports"))
    body: dict[str, Any] = orjson.loads(asyncio.run(listing.list_reports(ask("reports"))).get_body())
    keys = {container["name"]: container["partition_key"] for container in body["containers"]}
    return {name: [key] if isinstance(key, str) else key for name, key in keys.items()}


def container(name: str) -> dict[str, Any]:
    (found,) = [each for each in containers() if each["name"] == name]
    return found


def test_the_containers_are_those_of_the_reports() -> None:
    """Each container that `GET /api/reports` lists is deployed with its partition key, and no other is."""
    assert {each["name"]: each["partitionKeys"] for each in containers()} == needed()


@pytest.mark.parametrize("name", [each["name"] for each in containers()])
def test_a_container_has_only_what_the_template_reads(name: str) -> None:
    """A mistyped member of a container fails, because the template would leave it out without a word."""
    assert set(container(name)) <= {"name", "partitionKeys", "defaultTtl", "indexingPolicy"}


def test_run_records_may_expire_one_by_one() -> None:
    """The container of the run records has a TTL for each document and none of its own."""
    assert container(RUNS_CONTAINER)["defaultTtl"] == -1


def test_what_run_records_are_queried_by_is_indexed() -> None:
    """The index of the run records has each path that a query filters or sorts by, and no other."""
    sources = "".join(path.read_text("utf-8") for path in (ROOT / "outlast" / "runs").glob("*.py"))
    queried = set(re.findall(r"\bc\.([a-z]\w*)", sources)) - {"id"}  # Cosmos DB always indexes the id
    policy = container(RUNS_CONTAINER)["indexingPolicy"]
    assert {each["path"] for each in policy["includedPaths"]} == {f"/{member}/?" for member in queried}
    assert policy["excludedPaths"] == [{"path": "/*"}]
