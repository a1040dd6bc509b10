import re
from pathlib import Path

import pytest
from pathspec import GitIgnoreSpec

from bench.costing import counted_obstore
from bench.costing.counted_app import COUNTING
from bench.mirroring.nights import DEPLOYED, WITHOUT_KEYS

ROOT = Path(__file__).resolve().parents[4]


@pytest.mark.parametrize("changes", [COUNTING, WITHOUT_KEYS], ids=["counting", "without keys"])
def test_what_a_bench_replaces_is_there(changes: dict[str, tuple[str, str]]) -> None:
    """Each text that a bench replaces in its copy of the app is once in the file that it names."""
    assert {
        name: (ROOT / name).read_text("utf-8").count(before) for name, (before, _) in changes.items()
    } == dict.fromkeys(changes, 1)


def test_every_call_of_the_library_is_counted() -> None:
    """The module that stands for obstore has each function that the app's storage calls."""
    source = (ROOT / "outlast/staging/store.py").read_text("utf-8")
    used = set(re.findall(r"\bobstore\.(\w+)\(", source))
    assert used
    assert used <= vars(counted_obstore).keys()


def test_the_copy_of_the_app_has_every_folder() -> None:
    """Each folder that a publish leaves in is in the copy that the benches run."""
    ignored = GitIgnoreSpec.from_lines((ROOT / ".funcignore").read_text("utf-8").splitlines())
    folders = {path.name for path in ROOT.iterdir() if path.is_dir() and not ignored.match_file(f"{path.name}/")}
    assert folders
    assert folders <= set(DEPLOYED)
