from pathlib import Path

import pytest

from tests.unit.outlast_cli.calling import Caller


@pytest.fixture
def call(tmp_path: Path) -> Caller:
    """The command on a machine of its own."""
    return Caller(tmp_path)
