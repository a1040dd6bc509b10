import platform
import tomllib
from importlib.metadata import version
from pathlib import Path

from outlast import versions as module
from outlast.versions import VERSION, versions


def test_the_version_of_the_app_is_that_of_its_project() -> None:
    """The deployed app, which has no pyproject.toml, knows the version that stands there."""
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text("utf-8"))
    assert project["project"]["version"] == VERSION


def test_the_programs_are_named_with_their_versions() -> None:
    """The versions are those of what is installed, and a package without metadata is unknown."""
    found = versions()
    assert found["python"] == platform.python_version()
    assert found["azure-cosmos"] == version("azure-cosmos")
    assert module._version("no-such-package") == "unknown"
