"""Host, database and inbox as processes that end with this one. Their output is passed on."""

import os
from collections.abc import Mapping
from pathlib import Path

from local.child import Child
from local.console import say


def service(name: str, *arguments: str, environment: Mapping[str, str] | None = None) -> Child:
    """Return `python -m local NAME` as a child."""
    command = ("-m", "local", "--with-parent", name, *arguments)
    return Child(name, command, environment={**os.environ, **(environment or {})}, heard=say, tied=True)


def inbox_service(data_dir: Path | None = None, port: int = 0, key: str | None = None) -> Child:
    data = ["--data", str(data_dir)] if data_dir else []
    secret = ["--key", key] if key else []
    return service("inbox", "--port", str(port), *data, *secret)
