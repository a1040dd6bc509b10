import pytest

from local.__main__ import COMMANDS, main


def test_alone_it_lists_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a command every one is listed."""
    assert main([]) == 0
    shown = capsys.readouterr().out
    assert all(f"  {name}" in shown for name in COMMANDS)


def test_an_unknown_command_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """A command that is not there is named, with those that are, and the exit code is 2."""
    assert main(["server"]) == 2
    shown = capsys.readouterr().err
    assert "'server'" in shown
    assert "serve" in shown


def test_a_local_error_is_told_without_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    """What a command cannot do is one sentence and the exit code 1."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COSMOS_ENDPOINT", "http://127.0.0.1:9")
        assert main(["query", "runs"]) == 1
    shown = capsys.readouterr().err
    assert "No database answers at http://127.0.0.1:9" in shown
    assert "make serve" in shown
