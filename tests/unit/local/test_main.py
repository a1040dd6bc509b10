import pytest

from local.__main__ import COMMANDS, main


def test_alone_it_lists_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    """`python -m local` without a command lists every command."""
    assert main([]) == 0
    shown = capsys.readouterr().out
    assert all(f"  {name}" in shown for name in COMMANDS)


def test_an_unknown_command_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown command exits with 2 and names the commands that exist."""
    assert main(["server"]) == 2
    shown = capsys.readouterr().err
    assert "'server'" in shown
    assert "serve" in shown


def test_a_local_error_is_told_without_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    """A command that cannot be done exits with 1 and prints its reason."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COSMOS_ENDPOINT", "http://127.0.0.1:9")
        assert main(["query", "runs"]) == 1
    shown = capsys.readouterr().err
    assert "No database answers at http://127.0.0.1:9" in shown
    assert "make serve" in shown
