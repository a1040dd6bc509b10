"""The secret of the links that may be shared, made once and kept beside the host's keys."""

import os
import secrets
from pathlib import Path

NAME = "links"


def link_secret(folder: Path) -> str:
    """Return the secret in this folder of secrets; make it if it is missing, for its owner alone."""
    path = folder / NAME
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(32))
    return path.read_text("utf-8")
