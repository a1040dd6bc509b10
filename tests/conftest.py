"""What every test of the repository shares."""

import gc
from collections.abc import Iterator

import pytest
from hypothesis import settings

settings.register_profile("outlast", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("outlast")


@pytest.fixture(scope="session", autouse=True)
def no_profiles_of_the_user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep `serve` and the command `outlast` away from the profiles of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
        for name in ("OUTLAST_URL", "OUTLAST_KEY", "OUTLAST_PROFILE"):
            patch.delenv(name, raising=False)
        yield


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Names a parameter of bytes by its argument, since a gzip file holds the second of its making.

    Processes of one run that collect in different seconds would otherwise name the test differently and refuse to run.
    """
    return argname if isinstance(val, bytes) else None


def pytest_collection_finish() -> None:
    """Let the garbage collector pass over modules and tests, which stay until the end."""
    gc.collect()
    gc.freeze()
