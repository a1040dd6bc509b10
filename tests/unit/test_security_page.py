"""docs/security.md says of every entrance of the app who may use it."""

import re
from pathlib import Path

from tests.fakes.world import STORIES

ROOT = Path(__file__).resolve().parents[2]
OPEN = ("shared/{token}", "shared/{token}/rejects", "openapi.json", "health", "ui/{file?}", "{*rest}")
PAGE = (ROOT / "docs" / "security.md").read_text("utf-8")


def test_only_what_tells_of_no_run_and_links_are_open_to_everybody() -> None:
    """Every HTTP function but health, the description of the API, the page, OPTIONS and links needs a function key,
    which is the app's default, as docs say."""
    contents = (ROOT / "function_app.py").read_text("utf-8")
    assert "http_auth_level=func.AuthLevel.FUNCTION" in contents
    assert "anybody = func.AuthLevel.ANONYMOUS" in contents
    open_routes = re.findall(r'route="([\w/{}.*?-]+)"[^\n]*auth_level=(\S+)\)\(', contents)
    assert open_routes == [(route, "anybody") for route in OPEN]
    assert "| a link that was shared | `GET /api/shared/{token}` and, if it was made for them, its `/rejects` |" in PAGE
    assert "| nobody's key | `GET /api/health`, `GET /api/openapi.json`, OPTIONS |" in PAGE
    assert "| nobody's key | `GET /api/ui`, `GET /api/ui/{file}` |" in PAGE


def test_the_page_says_what_each_orchestrator_does_when_it_is_started_by_hand() -> None:
    """The system key starts any orchestrator, so each has its row."""
    rows = re.findall(r"^\| (`[a-z_]+`(?:, `[a-z_]+`)*) \|", PAGE, re.MULTILINE)
    assert set(re.findall(r"`([a-z_]+)`", " ".join(rows))) == set(STORIES)
