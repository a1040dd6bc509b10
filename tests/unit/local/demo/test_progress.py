from io import StringIO
from typing import Any

from local.demo.progress import Progress, blocks, line


class Terminal(StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def status(phase: str, done: int) -> dict[str, Any]:
    return {"phase": phase, "chunks_done": done, "chunks": 10, "totals": {"rows": 1_000 * done, "documents": 0}}


def test_the_bar_is_as_long_as_what_is_done() -> None:
    """Half the chunks fill half the bar, and the numbers stand beside it."""
    shown = line(status("generating", 5), "#", ".")
    assert f" {'#' * 10}{'.' * 10} " in shown
    assert "5/10" in shown
    assert "5,000 rows" in shown


def test_a_line_fits_a_terminal() -> None:
    """A line with ten million documents, thousands of chunks and the time is under 80 characters."""
    totals = {"rows": 0, "documents": 10_000_000}
    shown = line({"phase": "generating", "chunks_done": 999, "chunks": 1_000, "totals": totals}, "#", ".")
    assert len(f"{shown}  999 s") < 80


def test_a_status_without_counts_is_shown() -> None:
    """A status without counts is shown as an empty bar."""
    assert "#" not in line({"phase": "reading"}, "#", ".")


def test_a_terminal_sees_one_line_a_phase() -> None:
    """A terminal gets one line a phase, which is overwritten and ends with the time."""
    out = Terminal()
    times = iter([0.0, 1.0, 2.0, 13.0])
    with Progress(out, lambda: next(times)) as progress:
        for step in (status("generating", 1), status("generating", 2), status("storing", 1)):
            progress.show(step)
    assert out.getvalue().count("\r") == 1
    assert out.getvalue().count("\n") == 2
    assert out.getvalue().endswith(" 13 s\n")


def test_a_file_sees_a_line_a_status() -> None:
    """An output that is no terminal gets one line for each new status, without control characters."""
    out = StringIO()
    with Progress(out) as progress:
        for done in (1, 1, 2, 2):
            progress.show(status("generating", done))
    assert len(out.getvalue().splitlines()) == 2
    assert "\r" not in out.getvalue()


def test_a_plain_output_gets_plain_signs() -> None:
    """An output that cannot show block characters gets a bar of ASCII characters."""
    assert blocks("ascii") == ("#", ".")
    assert blocks(None) == ("#", ".")
    assert blocks("utf-8") == ("█", "░")
