"""One host for every test that leaves it as it was."""

from collections.abc import Iterator

import pytest

from tests.e2e.host.hosting import Hosted, hosted


@pytest.fixture(scope="package")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosted]:
    """A host with the test app."""
    with hosted(tmp_path_factory.mktemp("host")) as running:
        yield running
