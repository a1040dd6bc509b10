import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bench.peering import scripts as module
from bench.peering.scripts import Outcome, Script, scripts
from bench.peering.shelf import Shelf
from bench.peers import lost_rows

SERVICES: Any = SimpleNamespace(cosmos=SimpleNamespace(url="http://127.0.0.1:1"))
SHELF = Shelf(SERVICES)
FILE = Path("orders.csv")


def script(code: str) -> Script:
    return Script("peer", (sys.executable, "-c", code))


def test_a_script_tells_what_it_used() -> None:
    """The outcome is what the script prints, and it is given the database and the file."""
    told = json.dumps({"seconds": 2.0, "cpu_seconds": 1.0, "peak_mb": 3.0})
    code = f"import sys; assert sys.argv[-1] == 'orders.csv', sys.argv; print('''{told}''')"
    assert script(code).run(SHELF, FILE) == Outcome(seconds=2.0, cpu_seconds=1.0, peak_mb=3.0)


def test_a_script_that_dies_is_no_figure() -> None:
    """A script that ends with an error ends the bench, and the error names it."""
    with pytest.raises(RuntimeError, match="peer ended with 3"):
        script("import sys; sys.exit(3)").run(SHELF, FILE)


def test_a_script_is_killed_when_half_is_stored(tmp_path: Path) -> None:
    """The process is killed as soon as that is so, and does nothing more."""
    mark = tmp_path / "mark"
    endless = f"import pathlib, threading; pathlib.Path({str(mark)!r}).touch(); threading.Event().wait()"
    script(endless).run_killed(SHELF, FILE, mark.exists)
    assert mark.exists()


def test_what_cannot_run_here_says_why(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A peer without its library has a sentence with the command that helps."""
    monkeypatch.setattr(module, "find_spec", lambda _: None)
    monkeypatch.setattr(module, "MODULES", tmp_path)
    monkeypatch.setattr("shutil.which", lambda _: "/usr/bin/node")
    missing = {peer.name: peer.missing for peer in scripts()}
    assert "make install" in missing["pandas_pool"]
    assert "npm install" in missing["javascript"]
    assert missing["semaphore"] == ""


def test_only_ours_must_lose_nothing() -> None:
    """A row that ours has lost is a missed goal, and one of another peer is just told."""
    assert not lost_rows("ours_lost_4k", 1).reached
    assert lost_rows("semaphore_lost_4k", 1).reached
