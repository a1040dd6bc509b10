"""What the command line says."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Options:
    """Which app is served, where, and from what data."""

    app: Path
    data: Path
    bind: str = "127.0.0.1"
    port: int = 7071
    workers: int = 1
