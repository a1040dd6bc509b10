"""One Azurite for the tests of the storage, and the identity with which it is opened."""

from collections.abc import Iterator

import pytest

from tests.cloud.azurite import Azurite
from tests.cloud.identity import IdentityEndpoint

CONTAINER = "staging"


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    """Azurite with the container `staging`."""
    with Azurite(tmp_path_factory.mktemp("azurite")) as azurite:
        azurite.make_container(CONTAINER)
        yield azurite


@pytest.fixture
def identity(azurite: Azurite, monkeypatch: pytest.MonkeyPatch) -> Iterator[IdentityEndpoint]:
    """The identity that this process has while the test runs."""
    with IdentityEndpoint() as endpoint:
        for name, value in {**endpoint.environment, **azurite.trust}.items():
            monkeypatch.setenv(name, value)
        yield endpoint
