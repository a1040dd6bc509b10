"""What the command line says."""

import logging
from dataclasses import dataclass
from pathlib import Path

LEVELS = {
    "trace": 5,
    "debug": logging.DEBUG,
    "information": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "critical": logging.CRITICAL,
    "none": logging.CRITICAL + 10,
}
DEFAULT_LEVEL = "warning"


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
    log_level: str = DEFAULT_LEVEL  # of the functions' own log: the lowest that is shown
