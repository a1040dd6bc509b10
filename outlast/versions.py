"""Which programs did the work."""

import platform
from importlib.metadata import PackageNotFoundError, version

VERSION = "0.1.0"
"""Of the app; pyproject.toml, which is not deployed, has the same."""
PACKAGES = ("azure-cosmos", "azure-functions", "azure-functions-durable")


def versions() -> dict[str, str]:
    """The versions of the app, of Python and of the SDKs."""
    return {"outlast": VERSION, "python": platform.python_version(), **{name: _version(name) for name in PACKAGES}}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:  # deployed without its metadata
        return "unknown"
