"""What a publish to Azure takes along: all files of this folder that `.funcignore` does not name."""

from functools import cache
from pathlib import Path

import pytest
from pathspec import GitIgnoreSpec

ROOT = Path(__file__).resolve().parents[2]
APP = {
    "LICENSE",
    "activities",
    "function_app.py",
    "host.json",
    "orchestrators",
    "outlast",
    "reports",
    "requirements.txt",
    "ui",
}
PRIVATE = (
    ".local",
    ".venv",
    ".venv-3.12",
    ".git",
    ".funcignore",
    "local.settings.json",
    ".pytest_cache",
    "__pycache__",
)
"""Names that are not there in a fresh clone and hold keys, data or another platform's packages."""


@cache
def rules(*more: str) -> GitIgnoreSpec:
    """Return the rules of `.funcignore`, whose form is that of `.gitignore`, and more lines at its end."""
    return GitIgnoreSpec.from_lines([*(ROOT / ".funcignore").read_text("utf-8").splitlines(), *more])


def is_left_out(path: Path) -> bool:
    return rules().match_file(path)


def test_a_publish_takes_the_app_alone() -> None:
    """Of the folder's entries only those of the app are published; tests, docs and local parts are not."""
    assert {path.name for path in ROOT.iterdir() if not is_left_out(Path(path.name))} == APP


@pytest.mark.parametrize("name", PRIVATE)
def test_what_a_user_keeps_to_himself_is_not_published(name: str) -> None:
    """Local data, keys and environments stay on the machine, also where they appear after the clone."""
    assert is_left_out(Path(name))


def test_no_module_of_the_app_is_left_out() -> None:
    """A pattern applies at any depth, and none of them takes a source file out of a published package."""
    sources = [path.relative_to(ROOT) for name in APP for path in (ROOT / name).rglob("*.py")]
    assert sources
    assert [path for path in sources if is_left_out(path)] == []


def test_a_local_build_takes_its_libraries_along() -> None:
    """The line that docs/deploy.md names for a local build takes the installed libraries in, and nothing else."""
    line = "!.python_packages"
    assert f"with the line `{line}` at its end" in (ROOT / "docs" / "deploy.md").read_text("utf-8")
    installed = Path(".python_packages/lib/site-packages/obstore/__init__.py")
    assert rules().match_file(installed)
    assert not rules(line).match_file(installed)
    assert [name for name in PRIVATE if not rules(line).match_file(name)] == []
