"""The emulator inside a process."""

import asyncio
import threading
from pathlib import Path

import pytest
from azure.cosmos import CosmosClient, PartitionKey
from azure.cosmos.aio import CosmosClient as AsyncCosmosClient

from local.cosmos.control import Control
from local.cosmos.in_process import Emulator, NotRunning
from local.cosmos.server import PortTakenError


def running() -> bool:
    """Return whether the thread of an emulator runs."""
    return any(thread.name == "cosmos" for thread in threading.enumerate())


def test_a_program_has_its_own_emulator(tmp_path: Path) -> None:
    """Inside the context the official client reads and writes; afterwards no thread is left, and what was written is
    there for the next one."""
    for start in range(2):
        with Emulator(data_dir=tmp_path, throttled=False) as emulator:
            with CosmosClient(emulator.url, emulator.key) as client:
                database = client.create_database_if_not_exists("d")
                container = database.create_container_if_not_exists("c", PartitionKey("/pk"))
                assert len(list(container.read_all_items())) == start
                container.create_item({"id": str(start), "pk": "a"})
            assert Control(emulator.url).container("d", "c")["partitions"][0]["documents"] == start + 1
    assert not running()


def test_a_coroutine_has_its_own_emulator() -> None:
    """A coroutine enters and leaves an emulator while its own event loop runs, with the asynchronous client inside."""

    async def story() -> list[str]:
        with Emulator() as emulator:
            async with AsyncCosmosClient(emulator.url, emulator.key) as client:
                await client.create_database("d")
                return [database["id"] async for database in client.list_databases()]

    assert asyncio.run(story()) == ["d"]
    assert not running()


def test_a_taken_port_is_named() -> None:
    """An emulator on a port in use raises an error that names the port, and leaves nothing behind."""
    with Emulator() as first:
        port = int(first.url.rpartition(":")[2])
        with pytest.raises(PortTakenError, match=str(port)), Emulator(port=port):
            pytest.fail("the port was free")
    assert not running()


def test_the_folder_may_be_a_text(tmp_path: Path) -> None:
    """The folder of the documents may be given as text."""
    with Emulator(data_dir=str(tmp_path / "new")) as emulator:
        Control(emulator.url)
    assert (tmp_path / "new" / "cosmos.sqlite").is_file()


def test_an_emulator_is_used_inside_its_context_once() -> None:
    """The address before the context, and a second context, raise an error that says what to do."""
    emulator = Emulator()
    with pytest.raises(NotRunning, match="with Emulator"):
        emulator.url.removesuffix("/")
    with emulator:
        assert emulator.url.startswith("http://127.0.0.1:")
    with pytest.raises(NotRunning, match="make another one"), emulator:
        pytest.fail("it was entered again")
