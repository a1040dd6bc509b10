"""Which records host.json shows."""

import logging

import pytest

from local.host.telemetry.levels import Levels, name_of, severity_of

CONFIGURED = {
    "default": "Warning",
    "function": "Warning",
    "function.store.user": "Information",
    "function.daily_*.user": "Information",
    "host.results": "Information",
}


@pytest.mark.parametrize(
    ("category", "level", "shown"),
    [
        ("Azure.Core", logging.INFO, False),
        ("Azure.Core", logging.WARNING, True),
        ("Function.store", logging.INFO, False),
        ("Function.store", logging.ERROR, True),
        ("Function.store.User", logging.INFO, True),
        ("Function.read.User", logging.INFO, False),
        ("Function.daily_sales.User", logging.INFO, True),
        ("Function.daily_sales", logging.INFO, False),
        ("Function.hourly_sales.User", logging.INFO, False),
        ("Host.Results", logging.INFO, True),
    ],
)
def test_the_longest_prefix_decides(category: str, level: int, shown: bool) -> None:
    """The longest configured rule that fits a category decides which levels are shown; `*` is any text."""
    assert Levels(CONFIGURED).shows(category, level) is shown


def test_without_levels_information_is_shown() -> None:
    """A host.json without levels shows Information and hides Debug."""
    assert Levels({}).shows("Function.x", logging.INFO)
    assert not Levels({}).shows("Function.x", logging.DEBUG)


@pytest.mark.parametrize(
    ("number", "name", "severity"),
    [(5, "Trace", 0), (10, "Debug", 0), (20, "Information", 1), (35, "Warning", 2), (40, "Error", 3)],
)
def test_levels_have_azures_names_and_numbers(number: int, name: str, severity: int) -> None:
    """A level of Python's logging has the Azure host's name and Application Insights' severity."""
    assert (name_of(number), severity_of(number)) == (name, severity)
