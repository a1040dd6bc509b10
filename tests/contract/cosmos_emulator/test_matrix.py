"""The matrix of docs/local.md has a row for each test of this folder, and a test for each row."""

import re
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parents[2] / "docs/local.md"


def test_every_row_has_its_test_and_every_test_its_row() -> None:
    """The Database section of docs/local.md names exactly the tests of this folder."""
    section = PAGE.read_text().partition("\n## Database\n")[2].partition("\n## ")[0]
    rows = re.findall(r"\| `(test_\w+)` \|$", section, re.MULTILINE)
    tests = [
        name
        for path in HERE.glob("test_*.py")
        if path.name != Path(__file__).name
        for name in re.findall(r"^def (test_\w+)\(", path.read_text(), re.MULTILINE)
    ]
    assert sorted(rows) == sorted(tests)
