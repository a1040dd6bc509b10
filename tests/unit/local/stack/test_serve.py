import sys
from pathlib import Path
from typing import Any

import pytest

from local.stack import serve
from outlast_cli.profiles import Profile, profiles_path, read_profiles

SERVICES: Any = type(
    "Services", (), {"host": type("Host", (), {"url": "http://127.0.0.1:7071"}), "function_key": "k3y"}
)


def test_serve_tells_the_command_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The profile `local` has address and key of the app that was just started."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    serve.keep_profile(SERVICES)
    found = read_profiles(profiles_path({"XDG_CONFIG_HOME": str(tmp_path)}))
    assert found.named == {"local": Profile(url="http://127.0.0.1:7071", key="k3y")}


@pytest.mark.parametrize(
    ("installed", "shown"), [(True, ".venv/bin/outlast"), (False, ".venv/bin/python -m outlast_cli")]
)
def test_serve_shows_the_command_as_it_is_called_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, installed: bool, shown: str
) -> None:
    """The command stands beside the interpreter; where it is not installed, the interpreter runs its module."""
    folder = tmp_path / ".venv" / "bin"
    folder.mkdir(parents=True)
    if installed:
        (folder / "outlast").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "executable", str(folder / "python"))
    assert serve.command() == shown


def test_a_profile_that_cannot_be_written_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where the file cannot be written, or is none of ours, serve says so and goes on."""
    (tmp_path / "outlast").write_text("")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    serve.keep_profile(SERVICES)
    assert "OUTLAST_URL" in capsys.readouterr().err
