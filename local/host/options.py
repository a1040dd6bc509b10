"""The options of the command line."""

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
    """An option that cannot be used. The text names it and says what to do."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """The app to serve, its address and its data."""

    app: Path
    data: Path
    bind: str = "127.0.0.1"
    port: int = 7071
    workers: int | None = None  # None: the number in the settings
    telemetry: Path | None = None  # the file that gets telemetry; None: no telemetry
    auth: bool = True  # whether keys are asked for
    log_level: str = DEFAULT_LEVEL  # the lowest level of the functions' log that is shown
