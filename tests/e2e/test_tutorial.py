"""docs/tutorial.md as a reader follows it: every file of it written, every command of it run, in order."""

import os
import pty
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.local_command import ROOT
from tests.e2e.stack import copy_app
from tests.e2e.test_command import read_all
from tests.e2e.test_serve import Serve
from tests.e2e.tutorial_page import Command, File, matches, read_page, shell_lines

PAGE = ROOT / "docs" / "tutorial.md"
RELOADED = "is loaded again"


class Reader:
    """Does what the page says, in a folder of its own, on a terminal that shows no colours and redraws nothing."""

    def __init__(self, folder: Path, serve: Serve, environment: dict[str, str]) -> None:
        self._folder = folder
        self._serve = serve
        self._environment = environment

    def write(self, file: File) -> None:
        """A report is loaded before the reader goes on, as the page says."""
        (self._folder / file.path).write_text(file.text, "utf-8")
        if file.path.startswith("reports/"):
            self._serve.read_until(RELOADED)

    def run(self, command: Command) -> str:
        terminal, other_end = pty.openpty()
        shell, cwd, env = ["bash", "-c", command.text], self._folder, self._environment
        with subprocess.Popen(shell, cwd=cwd, env=env, stdin=other_end, stdout=other_end, stderr=other_end):
            os.close(other_end)
            seen = read_all(terminal)
        if command.text.startswith("outlast new"):
            self._serve.read_until(RELOADED)
        return seen


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    folder, home = copy_app(tmp_path_factory.mktemp("clone")), tmp_path_factory.mktemp("home")
    bin_folder = home / "bin"
    bin_folder.mkdir()
    python = shlex.quote(sys.executable)
    for name, command in (("python", python), ("outlast", f"{python} -m outlast_cli")):
        (bin_folder / name).write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        (bin_folder / name).chmod(0o755)
    environment = {
        "PATH": f"{bin_folder}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "XDG_CONFIG_HOME": str(home),
        "HOME": str(home),
        "TERM": "dumb",
        "COLUMNS": "100",
    }
    with Serve(folder, {"XDG_CONFIG_HOME": str(home)}) as serve:
        serve.read_addresses()
        serve.read_until("Ctrl-C ends it")
        yield Reader(folder, serve, {**environment, "COSMOS_ENDPOINT": serve.database})


def test_the_page_is_true(reader: Reader) -> None:
    """Each command of the tutorial shows what the page says that it shows."""
    for step in read_page(PAGE):
        if isinstance(step, File):
            reader.write(step)
        else:
            seen = reader.run(step)
            assert matches(step.shows, seen), f"$ {step.text}\n{seen}\nbut the page shows:\n{step.shows}"


def test_what_is_not_run_is_there() -> None:
    """Of the commands that a test cannot run, the targets of make exist, and azd's are those of docs/deploy.md."""
    makefile, deploy = (ROOT / "Makefile").read_text(), (ROOT / "docs" / "deploy.md").read_text("utf-8")
    for line in shell_lines(PAGE.read_text("utf-8")):
        program, what, *_ = line.split()
        if program == "make":
            assert re.search(f"^{what}:", makefile, re.MULTILINE), line
        elif program == "azd":
            assert f"azd {what}" in deploy, line
        else:
            assert line == "source .venv/bin/activate"
