"""The README and the pages of docs/ say what the code does."""

import re
from pathlib import Path

import pytest

from local.__main__ import COMMANDS
from outlast.http.health_checks import HELP
from outlast.run_options import Options
from outlast.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
PAGES = {
    str(path.relative_to(ROOT)): path.read_text("utf-8") for path in (ROOT / "README.md", *ROOT.glob("docs/**/*.md"))
}
README, API, SETTINGS = PAGES["README.md"], PAGES["docs/api.md"], PAGES["docs/settings.md"]
DOCS = "".join(PAGES.values())
FOLDERS = "docs|reports|samples|tests|outlast|activities|orchestrators|local"
"""Pages that are written from the code, and are checked where they are written."""


def row_of(page: str, name: str) -> list[str]:
    """The cells of the table row that explains a name; fails unless there is exactly one."""
    rows = [line for line in page.splitlines() if line.startswith(f"| `{name}` |")]
    assert len(rows) == 1, f"{name} has {len(rows)} rows"
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", rows[0])[1:-1]]


def test_the_example_report_is_the_shipped_one() -> None:
    """The report that the README shows is the whole file of the shipped report."""
    assert (ROOT / "reports/flight_delays.py").read_text("utf-8").rstrip() in README


def shown(value: object) -> str:
    """A default as the page has it."""
    if value in ("", None, ()):
        return "not set"
    return f"`{value:g}`" if isinstance(value, float) else f"`{str(value).lower() if value is True else value}`"


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_explained(name: str) -> None:
    """Each setting has one row with its default, its meaning and what happens when it is wrong."""
    _, default, *texts = row_of(SETTINGS, name.upper())
    assert default == shown(Settings.model_fields[name].default)
    assert len(texts) == 2
    assert all(texts)


def test_every_row_of_the_settings_is_a_setting() -> None:
    """The settings page has no row for a setting that the app does not read."""
    names = re.findall(r"^\| `([A-Z_]+)` \|", SETTINGS, re.MULTILINE)
    assert sorted(names) == sorted(name.upper() for name in Settings.model_fields)


@pytest.mark.parametrize("name", Options.model_fields)
def test_every_option_is_explained(name: str) -> None:
    """Each option of the start endpoint has one row with its values and its meaning."""
    assert all(row_of(API, name)[1:])


@pytest.mark.parametrize("check", HELP)
def test_every_health_check_has_its_line_of_help(check: str) -> None:
    """The README says for each health check what to do when it is red."""
    assert all(row_of(README, check))


def test_every_file_that_is_named_is_there() -> None:
    """Each file and folder that a page names in backticks exists."""
    named = set(re.findall(rf"`((?:{FOLDERS})/[\w./-]+)`", DOCS))
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
    """Each relative link leads to a file that exists, and to a heading of that file."""
    for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", PAGES[page]):
        name, _, heading = target.partition("#")
        path = ((ROOT / page).parent / name).resolve() if name else ROOT / page
        assert path.exists(), target
        assert not heading or heading in headings(path.read_text("utf-8")), target


def headings(page: str) -> set[str]:
    """The anchors of a page's headings."""
    found = re.findall(r"^#+ (.+)$", page, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", text).lower().replace(" ", "-") for text in found}


def test_every_route_is_listed() -> None:
    """Each HTTP route of the app is in the table of endpoints, and the table has no other. HEAD and OPTIONS are told in
    words."""
    source = (ROOT / "function_app.py").read_text("utf-8")
    routes = re.findall(r'app\.route\(route="([^"]+)", methods=(?:\["(\w+)"\]|(reading))', source)
    assert len(routes) == source.count("app.route(") > 0
    listed = re.findall(r"^\| \[`(\w+) /api/([^`]+)`\]", API, re.MULTILINE)
    asked = [("GET" if reading else method, route) for route, method, reading in routes]
    assert sorted(listed) == sorted((method, route) for method, route in asked if method != "OPTIONS")


def test_every_command_is_there() -> None:
    """Each `make` target and each local command that a page names exists."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    made = set(re.findall(r"(?:`|\$ )make ([a-z-]+)", DOCS))
    called = set(re.findall(r"python -m local ([a-z]+)", DOCS))
    assert made
    assert called
    assert made <= targets
    assert called <= set(COMMANDS)


def test_every_dependency_has_its_reason() -> None:
    """Each pinned library of both requirements files is in the table of dependencies."""
    lines = "".join((ROOT / name).read_text("utf-8") for name in ("requirements.in", "requirements-dev.in"))
    libraries = set(re.findall(r"^([a-z][\w-]*)==", lines, re.MULTILINE))
    first_cells = " ".join(re.findall(r"^\| ([^|]+) \|", PAGES["docs/dependencies.md"], re.MULTILINE))
    assert libraries
    assert libraries <= set(re.findall(r"[a-z][\w-]*", first_cells))


def test_every_page_is_linked_from_the_readme() -> None:
    """A reader of the README finds every page of docs/, the decisions through their own page."""
    pages = {page for page in PAGES if page.startswith("docs/") and page.count("/") == 1}
    linked = set(re.findall(r"\]\((docs/[\w.-]+)\)", README))
    assert pages - linked == set()
