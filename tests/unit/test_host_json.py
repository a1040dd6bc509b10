"""The entries of host.json that the Azure host was seen to need."""

import json
from pathlib import Path
from typing import Any

HOST: dict[str, Any] = json.loads((Path(__file__).parents[2] / "host.json").read_text("utf-8"))
DURABLE: dict[str, Any] = HOST["extensions"]["durableTask"]


def test_an_instance_that_dies_stands_its_runs_still_for_a_minute() -> None:
    """The activities of a dead instance come again after one minute instead of five."""
    assert DURABLE["storageProvider"]["workItemQueueVisibilityTimeout"] == "00:01:00"


def test_the_host_starts_without_warnings() -> None:
    """The version of tracing is chosen, and Azure.Core does not warn about blobs that do not exist yet."""
    assert DURABLE["tracing"] == {"distributedTracingEnabled": True, "version": "V2"}
    assert HOST["logging"]["logLevel"]["Azure.Core"] == "Error"
