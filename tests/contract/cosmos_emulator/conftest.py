"""The suite runs on the emulator, or on the real account that COSMOS_CONTRACT_ENDPOINT and its key name."""

import os
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from azure.cosmos import PartitionKey

from local.cosmos.control import Control
from local.cosmos.process import CosmosProcess
from tests.contract.cosmos_emulator.clients import Loop, Raw, connect, disconnect

# aiohttp warns of every body over one megabyte
large = pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")


@dataclass(frozen=True)
class Account:
    """Address and key of the account under test."""

    url: str
    key: str
    real: bool


@pytest.fixture(scope="session")
def account() -> Iterator[Account]:
    """The real account that the environment names, or else an emulator."""
    endpoint = os.environ.get("COSMOS_CONTRACT_ENDPOINT")
    if endpoint:
        yield Account(endpoint, os.environ["COSMOS_CONTRACT_KEY"], real=True)
        return
    with CosmosProcess() as process:
        yield Account(process.url, process.key, real=False)


@pytest.fixture(scope="session")
def loop() -> Iterator[Loop]:
    """The event loop of the asynchronous client."""
    loop = Loop()
    yield loop
    loop.close()


@pytest.fixture(scope="session", params=["sync", "async"])
def client(request: pytest.FixtureRequest, account: Account, loop: Loop) -> Iterator[Any]:
    """The official client, in both its forms."""
    chosen = loop if request.param == "async" else None
    client = connect(account.url, account.key, chosen)
    yield client
    disconnect(client, chosen)


@pytest.fixture(scope="session")
def database(client: Any) -> Iterator[Any]:
    """A database that exists while the suite runs."""
    name = f"contract-{uuid.uuid4().hex[:12]}"
    yield client.create_database(name)
    client.delete_database(name)


@pytest.fixture
def new_container(database: Any) -> Iterator[Callable[..., Any]]:
    """A function that creates containers, which are deleted after the test."""
    made: list[str] = []

    def make(path: str | list[str] = "/pk", throughput: int = 10_000, **options: Any) -> Any:
        made.append(f"c-{uuid.uuid4().hex[:12]}")
        version = options.pop("version", 2)
        return database.create_container(
            made[-1], PartitionKey(path, version=version), offer_throughput=throughput, **options
        )

    yield make
    for name in made:
        database.delete_container(name)


@pytest.fixture
def container(new_container: Callable[..., Any]) -> Any:
    """An empty container of one partition with the partition key /pk."""
    return new_container()


@pytest.fixture
def emulator(account: Account) -> Account:
    """The emulator, for tests that a real account cannot or must not run."""
    if account.real:
        pytest.skip("only an emulator can be told to do this: unset COSMOS_CONTRACT_ENDPOINT to run it")
    return account


@pytest.fixture
def control(emulator: Account) -> Iterator[Control]:
    """The control API; its faults are removed and its pause is ended after the test."""
    control = Control(emulator.url)
    yield control
    control.remove_faults()
    control.resume()


@pytest.fixture
def raw(emulator: Account) -> Raw:
    return Raw(emulator.url, emulator.key)
