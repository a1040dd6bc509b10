import asyncio
import time
from pathlib import Path
from typing import Any

import orjson
import pytest

from local.cosmos.process import CosmosProcess
from outlast.compute.reading import DatabaseReading, Read, ReadingChild, ReadingStopped
from outlast.cosmos.client import Cosmos
from outlast.errors import Permanent, Transient
from outlast.report import Report
from tests.contract.outlast.backends import DATABASE
from tests.fakes.compute import InlineReading

KINDS = ("inline", "child")


def read(kind: str, app: Path, report: Report[Any], emulator: CosmosProcess, does: str, seconds: float = 30.0) -> Read:
    async def run() -> Read:
        cosmos = Cosmos(emulator.url, emulator.key, DATABASE)
        reading: DatabaseReading = InlineReading(cosmos)
        if kind == "child":
            reading = ReadingChild(app, emulator.url, emulator.key, DATABASE)
        try:
            return await reading.read(report, {"does": does}, seconds)
        finally:
            await cosmos.close()

    return asyncio.run(run())


@pytest.mark.parametrize("kind", KINDS)
def test_a_report_reads_the_database_with_its_parameters(
    kind: str, app: Path, vicious: Report[Any], emulator: CosmosProcess
) -> None:
    """The value is JSON, made of what the database has and what the run was given."""
    assert orjson.loads(read(kind, app, vicious, emulator, "good").data) == {"ids": ["AA"], "does": "good"}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("does", ["wait", "hang", "regular_expression"])
def test_a_report_that_reads_for_ever_is_stopped(
    kind: str, does: str, app: Path, vicious: Report[Any], emulator: CosmosProcess
) -> None:
    """Waiting, computing and holding the interpreter's lock all end at the deadline."""
    began = time.monotonic()
    with pytest.raises(ReadingStopped):
        read(kind, app, vicious, emulator, does, seconds=1.5)
    assert time.monotonic() - began < 10


def test_a_report_that_blocks_its_event_loop_holds_up_nobody(
    app: Path, vicious: Report[Any], emulator: CosmosProcess
) -> None:
    """The app's loop turns while the report blocks, and the stopped report tells its line."""

    async def run() -> int:
        reading, turns = ReadingChild(app, emulator.url, emulator.key, DATABASE), 0
        blocked = asyncio.create_task(reading.read(vicious, {"does": "block"}, 1.5))
        while not blocked.done():
            await asyncio.sleep(0.01)
            turns += 1
        with pytest.raises(ReadingStopped, match=r"reports/vicious\.py, line \d+"):
            await blocked
        return turns

    assert asyncio.run(run()) > 50


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("does", "error", "text"),
    [
        ("raise", Transient, "read_data_from_db of vicious raised LookupError: no such thing"),
        ("time out", Transient, "read_data_from_db of vicious raised TimeoutError: my own"),
        ("refuse", Permanent, "not today"),
        ("set", Permanent, "read_data_from_db of vicious returned what is no JSON"),
    ],
)
def test_what_the_report_raises_keeps_its_kind(
    kind: str, does: str, error: type[Exception], text: str, app: Path, vicious: Report[Any], emulator: CosmosProcess
) -> None:
    """An error of the report, a TimeoutError too, is retried with its text, and Permanent or a bad value is final."""
    with pytest.raises(error, match=text):
        read(kind, app, vicious, emulator, does)


def test_a_report_that_ends_its_process_is_retried(app: Path, vicious: Report[Any], emulator: CosmosProcess) -> None:
    """The text says how the process ended."""
    with pytest.raises(Transient, match="read_data_from_db of vicious ended its process: signal SIGKILL"):
        read("child", app, vicious, emulator, "die")


def test_what_the_report_logs_while_reading_comes_along(
    app: Path, vicious: Report[Any], emulator: CosmosProcess
) -> None:
    """The records of the report arrive with what it has read, and those of the database's client do not."""
    logs = read("child", app, vicious, emulator, "good").logs
    assert logs == [{"name": "reports.vicious", "level": 20, "text": "reads good"}]
