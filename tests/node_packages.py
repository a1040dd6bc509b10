"""Packages of npm that tests run, in `.local/node`, where `.ci/run` installs them."""

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

MODULES = Path(__file__).parents[1] / ".local/node/node_modules"


def needed_node(package: str) -> str:
    """Return the path of Node.js when a package, such as `azurite@3.37.0`, is installed.

    Without one the test is skipped with the command that helps, or fails if REQUIRE_ALL is set.
    """
    node = shutil.which("node")
    if node is None:
        _missing("Node.js is not on this machine", package)
    needed_package(package)
    return node


def needed_package(package: str) -> Path:
    """Return the folder of a package, such as `axe-core@4.14.1`; without it as `needed_node`."""
    folder = MODULES / package.rpartition("@")[0]
    if not folder.is_dir():
        _missing("the package is not there", package)
    return folder


def _missing(what: str, package: str) -> NoReturn:
    message = f"{what}; install it with: npm install --prefix .local/node {package}"
    if os.environ.get("REQUIRE_ALL") == "1":
        pytest.fail(message)
    pytest.skip(message)
