"""One host that serves all tests which do not change it."""

from collections.abc import Iterator

import pytest

from tests.e2e.host.hosting import Hosted, hosted


@pytest.fixture(scope="package")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosted]:
    with hosted(tmp_path_factory.mktemp("host")) as running:
        yield running
