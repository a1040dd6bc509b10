"""The host's section of docs/local.md names a test in each row."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[4]
FOLDERS = ("tests/unit/local/host", "tests/conformance/host", "tests/conformance/telemetry", "tests/e2e/host")


def test_every_row_names_a_test_that_exists() -> None:
    """Each row of the section Host in docs/local.md names a test that exists."""
    text = (ROOT / "docs" / "local.md").read_text(encoding="utf-8")
    section = text.partition("## Host\n")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| ") and not line.endswith("| test |")]
    named = [re.search(r"`(test_\w+)` \|$", row) for row in rows]
    code = "".join(p.read_text(encoding="utf-8") for f in FOLDERS for p in (ROOT / f).rglob("test_*.py"))
    without = [row for row, name in zip(rows, named, strict=True) if not name or f"def {name[1]}(" not in code]
    assert rows
    assert not without
