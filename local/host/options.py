"""What the command line says."""

from dataclasses import dataclass
from pathlib import Path


class Unsuitable(Exception):
    """An option that cannot be followed; the text names it and what can be done."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """Which app is served, where, and from what data."""

    app: Path
    data: Path
    bind: str = "127.0.0.1"
    port: int = 7071
    workers: int | None = None  # as many as the settings say
