import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from outlast_cli.exit_codes import ExitCode
from outlast_cli.main import PANELS
from outlast_cli.profiles import Profile, Profiles
from tests.unit.outlast_cli.calling import URL, Caller

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "command.md").read_text("utf-8")
NAMES = [name for commands in PANELS.values() for name in commands]


def test_every_command_is_explained() -> None:
    """The page lists exactly the commands that there are."""
    assert sorted(re.findall(r"^\| `outlast ([a-z]+)", PAGE, re.MULTILINE)) == sorted([*NAMES, "new", "report"])


def test_every_exit_code_is_explained() -> None:
    """The page lists exactly the exit codes that there are."""
    assert re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE) == [str(int(code)) for code in ExitCode]


@pytest.mark.parametrize("name", NAMES)
def test_every_command_helps(call: Caller, name: str) -> None:
    """Each command explains itself without an app, and each but logout prints JSON on request."""
    done = call(name, "--help")
    assert done.code == 0
    assert name == "logout" or "--json" in done.out


def test_what_goes_into_a_file_is_utf_8(call: Caller) -> None:
    """Where an output is no terminal it is UTF-8, also if the machine has another encoding for it, as Windows has."""
    call.keep(Profiles(current=None, named={"Łódź": Profile(url=URL)}))
    environ = {**os.environ, **call.environ, "PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"}

    def printed(*arguments: str) -> tuple[str, str]:
        done = subprocess.run([sys.executable, "-m", "outlast_cli", *arguments], env=environ, capture_output=True)
        return done.stdout.decode(), done.stderr.decode()

    assert printed("profiles") == (f"\tŁódź\t{URL}\n", "")
    assert json.loads(printed("profiles", "--json")[0])["profiles"][0]["name"] == "Łódź"
    assert "there are: Łódź" in printed("profiles", "--use", "b")[1]


def test_an_unknown_command_is_2(call: Caller) -> None:
    """A command that does not exist ends with 2."""
    assert call("runn").code == 2


def test_no_argument_is_help(call: Caller) -> None:
    """Without arguments the commands are listed."""
    assert "doctor" in call().out + call().err


def test_completion_is_there(call: Caller) -> None:
    """The command prints the completion script of a shell."""
    assert "--show-completion" in call("--help").out
