import sys
from io import BytesIO, StringIO, TextIOWrapper

import pytest

from outlast_cli.errors import Usage
from outlast_cli.output import Output


class Terminal(StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Make standard output and error one terminal. Not a fixture, because pytest sets both anew after these."""
    shown = Terminal()
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(sys, "stdout", shown)
    monkeypatch.setattr(sys, "stderr", shown)
    return shown


def test_a_terminal_gets_a_table_with_a_head(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal a table has a head and numbers have commas, and what looks like markup is shown as it is."""
    terminal = on_a_terminal(monkeypatch)
    Output().table(("RUN", "ROWS"), [("a[red]b", 27_004)])
    assert "RUN" in terminal.getvalue()
    assert "a[red]b" in terminal.getvalue()
    assert "27,004" in terminal.getvalue()


def test_no_color_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """With NO_COLOR nothing has a colour, on a terminal too."""
    terminal = on_a_terminal(monkeypatch)
    Output().error(Usage("wrong"))
    assert "\x1b[1;31m" in terminal.getvalue()
    terminal.truncate(0)
    monkeypatch.setenv("NO_COLOR", "1")
    Output().error(Usage("wrong"))
    assert "31m" not in terminal.getvalue()


def test_notes_are_for_people(monkeypatch: pytest.MonkeyPatch) -> None:
    """A note is shown on a terminal, and not with --json."""
    terminal = on_a_terminal(monkeypatch)
    Output(as_json=True).note("next")
    assert terminal.getvalue() == ""
    Output().note("next")
    assert "next" in terminal.getvalue()


def test_another_program_gets_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a terminal a table is lines with tabs, a cell has no line ends, and notes are left out."""
    output = Output()
    output.table(("RUN", "WHY"), [("a", "two\nlines\there"), ("b", None)])
    output.note("next")
    assert capsys.readouterr() == ("a\ttwo lines here\nb\t-\n", "")


def test_bytes_are_printed_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes keep their line ends and their letters where text would get those of Windows, and come after earlier
    text."""
    shown = BytesIO()
    monkeypatch.setattr(sys, "stdout", TextIOWrapper(shown, encoding="cp1252", newline="\r\n"))
    output = Output()
    sys.stdout.write("before\n")
    output.raw_bytes("Łódź\r\n".encode())
    assert shown.getvalue() == "before\r\nŁódź\r\n".encode()


def test_an_error_has_its_next_step(capsys: pytest.CaptureFixture[str]) -> None:
    """An error is shown on standard error with its hint."""
    Output().error(Usage("It is wrong [so]", "Do that"))
    assert capsys.readouterr() == ("", "Error: It is wrong [so]\nDo that\n")
