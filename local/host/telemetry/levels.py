"""Which log records are written: `logging.logLevel` of host.json, by category.

Source: Microsoft.Extensions.Logging, `LoggerRuleSelector`: the longest prefix of the category decides.
"""

import logging
from collections.abc import Mapping
from typing import Any

from local.host.options import LEVELS

DEFAULT = "default"


class Levels:
    """The lowest level that is written, by category."""

    def __init__(self, configured: Mapping[str, Any]) -> None:
        """`configured` is `logging.logLevel` of host.json."""
        named = {str(name).lower(): LEVELS.get(str(level).lower(), logging.INFO) for name, level in configured.items()}
        self._default = named.pop(DEFAULT, logging.INFO)
        self._prefixes = sorted(named.items(), key=lambda one: -len(one[0]))

    def shows(self, category: str, level: int) -> bool:
        """Return whether a record of this category and level is written."""
        lowered = category.lower()
        lowest = next((lowest for prefix, lowest in self._prefixes if lowered.startswith(prefix)), self._default)
        return level >= lowest


def name_of(number: int) -> str:
    """Return the Azure host's name of a level of Python's logging."""
    name = max((n for n in LEVELS.items() if n[1] <= number), key=lambda one: one[1], default=("trace", 0))[0]
    return name.capitalize()


def severity_of(number: int) -> int:
    """Return the column `severityLevel`: 0 verbose, 1 information, 2 warning, 3 error, 4 critical."""
    return sum(number >= level for level in (logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL))
