"""What every test of the repository shares."""

import pytest
from hypothesis import settings

settings.register_profile("outlast", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("outlast")


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Names a parameter of bytes by its argument, since a gzip file holds the second of its making.

    Processes of one run that collect in different seconds would otherwise name the test differently and refuse to run.
    """
    return argname if isinstance(val, bytes) else None
