"""The official JavaScript client works with the emulator as with the service."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from local.cosmos.process import CosmosProcess
from tests.node_packages import MODULES, needed_node

SCRIPT = Path(__file__).parent / "client.cjs"
PACKAGE = "@azure/cosmos@4.9.3"


@pytest.fixture(scope="module")
def seen() -> Any:
    """Return what the client received."""
    node = needed_node(PACKAGE)
    with CosmosProcess() as process:
        command = [node, str(SCRIPT), process.url, process.key]
        environment = {**os.environ, "NODE_PATH": str(MODULES)}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_points(seen: Any) -> None:
    """Create, upsert, replace with a right and a wrong ETag, patch and delete return what the service returns."""
    assert seen["points"] == {"read": 2, "stale": 412, "patched": 13, "gone": 404}


def test_batches(seen: Any) -> None:
    """A transactional batch is done as a whole or undone as a whole."""
    assert seen["batches"] == {"done": [201, 201, 200, 204], "undone": [424, 409]}


def test_bulk(seen: Any) -> None:
    """executeBulkOperations writes every document of a container with four partitions."""
    assert seen["bulk"] == {"201": 250}


def test_every_kind_in_bulk(seen: Any) -> None:
    """executeBulkOperations takes operations of each kind, keys of every type and failures in one call."""
    assert seen["kinds"] == {"codes": [201, 409, 200, 200, 404, 204, 201, 201, 201], "read": 3}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("paged", 125),
        ("ordered", [{"n": 0}, {"n": 1}, {"n": 2}, {"n": 3}]),
        ("top", [99, 98, 97]),
        ("limited", [10, 11, 12]),
        ("onePartition", [1, 51, 101, 151, 201]),
        ("count", [250]),
        ("sum", [31125]),
        ("min", [0]),
        ("max", [249]),
        ("avg", [124.5]),
        ("constant", [1]),
        ("keywords", [{"value": 2, "first name": "x"}]),
        ("named", [{"rows": 250, "largest": 249}]),
        ("distinct", 50),
        (
            "groups",
            [{"even": False, "n": 125, "mean": 125, "most": 249}, {"even": True, "n": 125, "mean": 124, "most": 248}],
        ),
        ("groupedValue", [125, 125]),
        ("joined", 6),
        ("exists", [7]),
    ],
)
def test_queries(seen: Any, name: str, expected: Any) -> None:
    """Paged, ordered and aggregated queries over all partitions work with the plans of the emulator."""
    assert seen["queries"][name] == expected


def test_the_change_feed(seen: Any) -> None:
    """The client reads every document once from the beginning, and from now on only what is written later."""
    assert seen["changes"] == {"all": 255, "repeated": 0, "later": ["new"]}


def test_shared_throughput(seen: Any) -> None:
    """The client creates a database whose containers share its autoscale throughput, and one with a time to live."""
    assert seen["throughput"] == {"shared": 4000, "own": True, "ttl": 60}


def test_offers(seen: Any) -> None:
    """The client reads the throughput of a container through its offer."""
    assert seen["offer"] == 40_000
