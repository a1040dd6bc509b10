import os
import subprocess
import sys
from pathlib import Path

from tests.e2e.local_command import ROOT


def install(venv: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `tools/install.sh` as `make install` does, with no pip settings but these."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    return subprocess.run(
        [ROOT / "tools" / "install.sh", venv],
        cwd=ROOT,
        env={**plain, "PIP_CONFIG_FILE": os.devnull, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def python_that(folder: Path, script: str) -> str:
    """Write a shell script that stands in for an interpreter."""
    python = folder / "python"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    return str(python)


def test_a_python_that_is_too_old_is_named(tmp_path: Path) -> None:
    """An install with an old Python fails with one sentence that names the version found and the versions needed."""
    old = python_that(tmp_path, 'test "$1" = --version && echo Python 3.9.2')
    done = install(tmp_path / "venv", PYTHON=old)
    assert done.returncode == 1
    assert "needs Python 3.11, 3.12 or 3.13" in done.stderr
    assert "Python 3.9.2" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_missing_venv_is_told_with_what_helps(tmp_path: Path) -> None:
    """An install with a Python that cannot make environments fails and names the package that helps."""
    bare = python_that(tmp_path, f'test "$1" = -m && exit 1\nexec {sys.executable} "$@"')
    done = install(tmp_path / "venv", PYTHON=bare)
    assert done.returncode == 1
    assert "apt install python3-venv" in done.stderr


def test_an_index_that_does_not_answer_is_told(tmp_path: Path) -> None:
    """An install without a package index fails with one sentence and leaves no mark of an installation."""
    done = install(tmp_path / "venv", PYTHON=sys.executable, PIP_INDEX_URL="http://127.0.0.1:9/simple")
    assert done.returncode == 1
    assert "No package index answered" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "venv" / "installed").exists()
