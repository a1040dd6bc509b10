"""What emulator and host have counted so far."""

from collections import Counter
from pathlib import Path

import orjson

from local.cosmos.control import Control
from local.host.telemetry.file import older


def units_of(cosmos: str, database: str, container: str) -> float:
    """The request units that a container was served, in the last 300 seconds in which it was asked for something."""
    partitions = Control(cosmos).container(database, container)["partitions"]
    return float(sum(units for partition in partitions for _, units in partition["served"]))


def lines_of(telemetry: Path) -> Counter[str]:
    """How many rows of each category the host has written; spans have none."""
    files = [file for file in (older(telemetry), telemetry) if file.exists()]
    return Counter(_category(line) for file in files for line in file.read_bytes().splitlines())


def _category(line: bytes) -> str:
    return str((orjson.loads(line).get("customDimensions") or {}).get("Category", ""))
