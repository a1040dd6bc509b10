import os
import subprocess
import sys
from pathlib import Path

from tests.e2e.local_command import ROOT


def install(venv: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """`tools/install.sh`, as `make install` calls it, on a machine with nothing but these pip settings."""
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
    """A stand-in for an interpreter."""
    python = folder / "python"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    return str(python)


def test_a_python_that_is_too_old_is_named(tmp_path: Path) -> None:
    """Where only an old Python is, one sentence says which is needed and how to name it."""
    old = python_that(tmp_path, 'test "$1" = --version && echo Python 3.9.2')
    done = install(tmp_path / "venv", PYTHON=old)
    assert done.returncode == 1
    assert "needs Python 3.11, 3.12 or 3.13" in done.stderr
    assert "Python 3.9.2" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_missing_venv_is_told_with_what_helps(tmp_path: Path) -> None:
    """Where Python cannot make environments, the package that does is named."""
    bare = python_that(tmp_path, f'test "$1" = -m && exit 1\nexec {sys.executable} "$@"')
    done = install(tmp_path / "venv", PYTHON=bare)
    assert done.returncode == 1
    assert "apt install python3-venv" in done.stderr


def test_an_index_that_does_not_answer_is_told(tmp_path: Path) -> None:
    """Where no package index answers, one sentence says so, and nothing claims to be installed."""
    done = install(tmp_path / "venv", PYTHON=sys.executable, PIP_INDEX_URL="http://127.0.0.1:9/simple")
    assert done.returncode == 1
    assert "No package index answered" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "venv" / "installed").exists()
