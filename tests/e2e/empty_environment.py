"""An environment of Python that has what `requirements.txt` pins and nothing else, as the builder on Azure makes it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.local_command import ROOT

SECONDS = 300


def make_environment(folder: Path) -> Path:
    """Install wheels alone, checked by their hashes, and return the interpreter.

    Without a package index the test is skipped, or fails if REQUIRE_ALL is set.
    """
    uv = [sys.executable, "-m", "uv"]
    python = folder / "bin" / "python"
    subprocess.run([*uv, "venv", "--quiet", "--python", sys.executable, str(folder)], check=True, timeout=SECONDS)
    wheels = ["--only-binary", ":all:", "--require-hashes", "-r", str(ROOT / "requirements.txt")]
    command = [*uv, "pip", "install", "--quiet", "--python", str(python), *wheels]
    installed = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS)
    if installed.returncode != 0:
        missing = pytest.fail if os.environ.get("REQUIRE_ALL") == "1" else pytest.skip
        missing(f"the requirements cannot be installed here: {installed.stderr}")
    return python


def size_of(python: Path) -> int:
    """Return the bytes of the installed libraries, without the bytecode that running them adds."""
    (libraries,) = (python.parents[1] / "lib").glob("python*/site-packages")
    files = [path for path in libraries.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    return sum(path.stat().st_size for path in files)
