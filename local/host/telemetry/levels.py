"""Which log records are written: `logging.logLevel` of host.json, by category.

Source: Microsoft.Extensions.Logging, `LoggerRuleSelector`: the longest rule that fits the category decides. A rule is a
prefix; one `*` in it stands for any text, and what follows is then the category's end.
"""

import logging
from collections.abc import Mapping
from typing import Any

from local.host.options import LEVELS

DEFAULT = "default"
Rule = tuple[str, str, str]
"""What is before a `*`, the `*` or nothing, and what is behind it."""


class Levels:
    """The lowest level that is written, by category."""

    def __init__(self, configured: Mapping[str, Any]) -> None:
        """`configured` is `logging.logLevel` of host.json."""
        named = {str(name).lower(): LEVELS.get(str(level).lower(), logging.INFO) for name, level in configured.items()}
        self._default = named.pop(DEFAULT, logging.INFO)
        self._rules = sorted(((rule.partition("*"), level) for rule, level in named.items()), key=_length, reverse=True)

    def shows(self, category: str, level: int) -> bool:
        """Return whether a record of this category and level is written."""
        lowered = category.lower()
        lowest = next((lowest for rule, lowest in self._rules if _fits(rule, lowered)), self._default)
        return level >= lowest


def _length(rule: tuple[Rule, int]) -> int:
    return sum(map(len, rule[0]))


def _fits(rule: Rule, category: str) -> bool:
    prefix, _, end = rule
    return category.startswith(prefix) and category.endswith(end)


def name_of(number: int) -> str:
    """Return the Azure host's name of a level of Python's logging."""
    name = max((n for n in LEVELS.items() if n[1] <= number), key=lambda one: one[1], default=("trace", 0))[0]
    return name.capitalize()


def severity_of(number: int) -> int:
    """Return the column `severityLevel`: 0 verbose, 1 information, 2 warning, 3 error, 4 critical."""
    return sum(number >= level for level in (logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL))
