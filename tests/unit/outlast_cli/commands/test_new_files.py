"""When `outlast new` writes which files."""

import sys
from pathlib import Path

import pytest

from outlast_cli.errors import Usage
from outlast_cli.new.placing import place
from tests.unit.outlast_cli.calling import Caller
from tests.unit.outlast_cli.checkouts import make_checkout

SHOPS = "No;Shop\n1;Köln\n2;Bonn\n"


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The command works in this checkout; the empty function_app.py of it is not imported by later tests."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.chdir(make_checkout(folder))
    (folder / "shops.csv").write_text(SHOPS, "utf-8")
    return folder


def written_in(checkout: Path) -> list[str]:
    """Return the files that were written, with those beside their places."""
    found = [*(checkout / "reports").rglob("*"), *(checkout / "tests").rglob("*")]
    return sorted(path.name for path in found if path.is_file() and path.name != "__init__.py")


def test_nothing_is_written_unless_the_report_works(call: Caller, checkout: Path) -> None:
    """A report that could not be deployed is refused with its fault before any file is there."""
    refused = call("new", "shops", "--from", "shops.csv", "--container", "a/b")
    assert refused.code == 2
    assert "reports/shops.py, class Shops, container: must be a container's name" in refused.err
    assert written_in(checkout) == []
    assert call("new", "shops", "--from", "shops.csv").code == 0
    assert written_in(checkout) == ["shops.csv", "shops.py", "test_shops.py"]


def test_force_replaces_a_report_only_by_one_that_works(call: Caller, checkout: Path) -> None:
    """With --force the edited files stay as they are until a new report works."""
    edited = checkout / "reports" / "shops.py"
    edited.write_text("mine")
    refused = call("new", "shops", "--from", "shops.csv", "--container", "a/b", "--force")
    assert (refused.code, edited.read_text(), written_in(checkout)) == (2, "mine", ["shops.py"])
    assert call("new", "shops", "--from", "shops.csv", "--force").code == 0
    assert "class Shops(" in edited.read_text()


def test_a_file_that_cannot_be_written_leaves_the_others(tmp_path: Path) -> None:
    """Where one file has no place, no other is replaced, and nothing is left beside them."""
    (tmp_path / "a.py").write_text("mine")
    (tmp_path / "tests").touch()
    with pytest.raises(Usage, match="cannot be written"):
        place(tmp_path, {Path("a.py"): b"new", Path("tests/b.py"): b"new"})
    assert (tmp_path / "a.py").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.py", "tests"]
