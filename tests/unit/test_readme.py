"""What the README says is as it is."""

import re
from pathlib import Path

import pytest

from outlast.http.show_health import HELP
from outlast.run_options import Options
from outlast.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")
DOCS = README + "".join(path.read_text("utf-8") for path in (ROOT / "docs").rglob("*.md"))


def test_the_example_report_is_the_shipped_one() -> None:
    """A reader who copies it has what runs."""
    assert (ROOT / "reports/flight_delays.py").read_text("utf-8").rstrip() in README


@pytest.mark.parametrize("name", [name.upper() for name in Settings.model_fields])
def test_every_setting_is_explained(name: str) -> None:
    """One that is not in the table does not exist for its user."""
    assert f"`{name}`" in README


@pytest.mark.parametrize("name", Options.model_fields)
def test_every_option_is_explained(name: str) -> None:
    """Of the start endpoint."""
    assert f"`{name}`" in README


@pytest.mark.parametrize("check", HELP)
def test_every_health_check_has_its_line_of_help(check: str) -> None:
    """For the one who finds it red."""
    assert re.search(rf"^\| `{check}` \| \S", README, re.MULTILINE)


def test_every_file_that_is_named_is_there() -> None:
    """In the README and the docs."""
    named = set(re.findall(r"`((?:docs|reports|samples|tests|outlast|activities|orchestrators)/[\w./-]+)`", DOCS))
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_every_route_is_listed() -> None:
    """As `METHOD /api/route`."""
    source = (ROOT / "function_app.py").read_text("utf-8")
    routes = re.findall(r'app\.route\(route="([^"]+)", methods=\["(\w+)"\]', source)
    assert len(routes) == source.count("app.route(") > 0
    assert [f"{method} /api/{route}" for route, method in routes if f"`{method} /api/{route}" not in README] == []
